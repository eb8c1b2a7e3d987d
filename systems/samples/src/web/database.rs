//! `/query`: a page for which PostgreSQL is asked, so that the limit can be behind the service.

use std::{io, rc::Rc, str::FromStr, sync::Arc, time::Duration};

use http::StatusCode;
use plimsoll_runtime::{clock::Instant, timer};
use tokio::{net::TcpStream, sync::Mutex, task::spawn_local};
use tokio_postgres::{Client, Config, NoTls, Statement, config::Host};

use super::{
    body::Body,
    exchange::{Head, Reply, not_found, refused, with_type},
    limits::State,
};

/// Rows that one query goes through at most: some seconds of the server's time.
const ROWS_MAX: i64 = 10_000_000;

/// A session that is not there by then will not be.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

/// All of the work is the server's: it makes the rows and sums them up.
const QUERY: &str = "SELECT sum(sqrt(row)) FROM generate_series(1::bigint, $1::bigint) AS row";

/// PostgreSQL's own.
const PORT: u16 = 5432;

thread_local! {
    /// One session per worker thread: requests on it are answered one after the other.
    static SESSION: Rc<Mutex<Option<Rc<Session>>>> = Rc::default();
}

/// Which database `/query` asks: over TCP, without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database(Arc<Config>);

impl FromStr for Database {
    type Err = String;

    /// `postgres://user:password@127.0.0.1:5432/name`
    fn from_str(text: &str) -> Result<Database, String> {
        let config = Config::from_str(text).map_err(|error| error.to_string())?;
        match config.get_hosts() {
            [Host::Tcp(_)] => Ok(Database(Arc::new(config))),
            _ => Err("write postgres://user@127.0.0.1:5432/name, with one host".to_owned()),
        }
    }
}

struct Session {
    client: Client,
    statement: Statement,
}

/// `/query?rows=`: as many rows are summed up by the database. In the pool, where there is one.
pub(super) async fn query(head: &Head) -> Reply {
    let Some(database) = &head.database else { return not_found() };
    let rows = head.parameter("rows", 1_000_i64).clamp(1, ROWS_MAX);
    let place = match head.limits.as_deref().map(State::enter_pool) {
        Some(entering) => entering.await,
        None => Ok(None),
    };
    let Ok(_place) = place else {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "too many requests wait already\n");
    };
    match database.sum(rows).await {
        Ok(sum) => with_type(StatusCode::OK, "text/plain", Body::from(format!("{sum}\n"))),
        Err(error) => refused(StatusCode::BAD_GATEWAY, format!("the database: {error}\n")),
    }
}

impl Database {
    async fn sum(&self, rows: i64) -> io::Result<f64> {
        let session = self.session().await?;
        let row = session.client.query_one(&session.statement, &[&rows]).await;
        row.and_then(|row| row.try_get(0)).map_err(io::Error::other)
    }

    /// That of this thread, made anew when it has ended.
    async fn session(&self) -> io::Result<Rc<Session>> {
        let slot = SESSION.with(Rc::clone);
        let mut slot = slot.lock().await;
        if let Some(session) = slot.as_ref().filter(|session| !session.client.is_closed()) {
            return Ok(Rc::clone(session));
        }
        let deadline = Instant::now() + CONNECT_TIME_MAX;
        let session = timer::timeout_at(deadline, self.connect()).await;
        let session = Rc::new(session.ok_or(io::ErrorKind::TimedOut)??);
        *slot = Some(Rc::clone(&session));
        Ok(session)
    }

    async fn connect(&self) -> io::Result<Session> {
        let [Host::Tcp(host)] = self.0.get_hosts() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let port = self.0.get_ports().first().copied().unwrap_or(PORT);
        let stream = TcpStream::connect((host.as_str(), port)).await?;
        stream.set_nodelay(true)?;
        let connected = self.0.connect_raw(stream, NoTls).await;
        let (client, connection) = connected.map_err(io::Error::other)?;
        // How it ended is told by the queries that it leaves without an answer.
        drop(spawn_local(async move { drop(connection.await) }));
        let statement = client.prepare(QUERY).await.map_err(io::Error::other)?;
        Ok(Session { client, statement })
    }
}

#[cfg(test)]
mod tests {
    use super::Database;

    #[test]
    fn databases_are_named_by_one_host() {
        for (text, is_one) in [
            ("postgres://user:secret@127.0.0.1:5433/db", true),
            ("postgres://user@localhost/db", true),
            ("postgres://user@a,b/db", false),
            ("postgres:///db", false),
            ("mysql://a", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<Database>().is_ok(), is_one, "{text}");
        }
        let shown = format!("{:?}", "postgres://u:secret@h/db".parse::<Database>());
        assert!(!shown.contains("secret"), "{shown}");
    }
}
