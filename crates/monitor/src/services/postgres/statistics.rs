//! What PostgreSQL is asked, and what it answers.

/// Replicas, and kinds of waiting, that are told apart.
const NAMES_LIMIT: usize = 64;

/// Five questions in one message. All answers are text. What a version or a role lacks is null.
pub const QUESTIONS: &str = "\
SELECT current_setting('max_connections'),
       count(*),
       count(*) FILTER (WHERE state = 'active' AND pid <> pg_backend_pid()),
       count(*) FILTER (WHERE state LIKE 'idle in transaction%'),
       count(*) FILTER (WHERE query = '<insufficient privilege>')
  FROM pg_stat_activity
 WHERE backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL);
SELECT wait_event_type, count(*)
  FROM pg_stat_activity
 WHERE state = 'active' AND wait_event_type IS NOT NULL AND pid <> pg_backend_pid()
   AND backend_type = 'client backend'
 GROUP BY 1;
SELECT sum(xact_commit), sum(xact_rollback), sum(deadlocks), sum(temp_bytes), sum(blks_hit), sum(blks_read)
  FROM pg_stat_database;
SELECT coalesce(nullif(application_name, ''), client_addr::text, pid::text),
       max(pg_wal_lsn_diff(
         CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
         replay_lsn))
  FROM pg_stat_replication
 WHERE replay_lsn IS NOT NULL
 GROUP BY 1;
SELECT count(*) FROM pg_locks WHERE NOT granted";

/// Rows of one answer.
pub type Rows = Vec<Vec<Option<String>>>;

/// All answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    pub connections: f64,
    pub connections_limit: f64,
    pub active: f64,
    pub idle_in_transaction: f64,
    /// Sessions of which the role may not know what they do; they are in none of the two before.
    pub hidden: f64,
    /// Active sessions by what they wait for.
    pub waiting: Vec<(String, f64)>,
    /// Since the statistics were reset, of all databases.
    pub totals: Totals,
    /// Replicas, and bytes of the log that they have not replayed.
    pub lag: Vec<(String, f64)>,
    pub locks_waited_for: f64,
}

/// Running totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub commits: u64,
    pub rollbacks: u64,
    pub deadlocks: u64,
    pub temp_bytes: u64,
    pub blocks_hit: u64,
    pub blocks_read: u64,
}

impl Statistics {
    /// `answers` to [`QUESTIONS`], in their order. `None` when they are not that.
    pub fn from_answers(answers: &[Rows]) -> Option<Statistics> {
        let [sessions, waits, databases, replicas, locks, ..] = answers else { return None };
        let [limit, connections, active, idle, hidden] = &sessions.first()?[..] else {
            return None;
        };
        let [commits, rollbacks, deadlocks, temp_bytes, hit, read] = &databases.first()?[..] else {
            return None;
        };
        let totals = Totals {
            commits: number(commits)?,
            rollbacks: number(rollbacks)?,
            deadlocks: number(deadlocks)?,
            temp_bytes: number(temp_bytes)?,
            blocks_hit: number(hit)?,
            blocks_read: number(read)?,
        };
        Some(Statistics {
            connections: number(connections)?,
            connections_limit: number(limit)?,
            active: number(active)?,
            idle_in_transaction: number(idle)?,
            hidden: number(hidden)?,
            waiting: named(waits),
            totals,
            lag: named(replicas),
            locks_waited_for: number(locks.first()?.first()?)?,
        })
    }
}

fn number<N: std::str::FromStr>(value: &Option<String>) -> Option<N> {
    value.as_deref()?.parse().ok()
}

/// Rows of a name and a number; those that lack one are left out.
fn named(rows: &Rows) -> Vec<(String, f64)> {
    let pair = |row: &Vec<Option<String>>| {
        let [name, value] = &row[..] else { return None };
        Some((name.clone()?, number(value)?))
    };
    rows.iter().take(NAMES_LIMIT).filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `|` between columns, `~` for null.
    fn rows(text: &str) -> Rows {
        let value = |word: &str| (word != "~").then(|| word.to_owned());
        text.lines().map(|line| line.split('|').map(value).collect()).collect()
    }

    #[test]
    fn answers_of_a_server() {
        let answers = [
            rows("100|7|3|1|0"),
            rows("Lock|2\nIO|1"),
            rows("1000|5|1|8192|90000|1200"),
            rows("walreceiver|4096\nnew|~"),
            rows("2"),
            rows(""),
        ];
        let statistics = Statistics::from_answers(&answers).unwrap();
        assert_eq!((statistics.connections, statistics.connections_limit), (7.0, 100.0));
        assert_eq!(
            (statistics.active, statistics.idle_in_transaction, statistics.hidden),
            (3.0, 1.0, 0.0)
        );
        assert_eq!(statistics.waiting, [("Lock".to_owned(), 2.0), ("IO".to_owned(), 1.0)]);
        assert_eq!((statistics.totals.commits, statistics.totals.blocks_read), (1_000, 1_200));
        assert_eq!(statistics.lag, [("walreceiver".to_owned(), 4_096.0)]);
        assert_eq!(statistics.locks_waited_for, 2.0);
    }

    #[test]
    fn other_answers() {
        let none =
            |answers: &[Rows]| assert_eq!(Statistics::from_answers(answers), None, "{answers:?}");
        none(&[]);
        let answers = [rows("100|7|3|1|0"), rows(""), rows("1|1|1|1|1|1"), rows(""), rows("0")];
        assert!(Statistics::from_answers(&answers).is_some());
        for (at, text) in [(0, "100|7|3|1"), (0, "~|7|3|1|0"), (2, "1|1|1|1|1"), (4, "x"), (4, "")]
        {
            let mut answers = answers.clone();
            answers[at] = rows(text);
            none(&answers);
        }
    }
}
