//! The answer to Redis's `INFO`: lines of `key:value` in sections.

/// Lines that are read; a server has some two hundred.
const LINES_LIMIT: usize = 10_000;

/// What is taken of the answer. A server that is older or a relative (Valkey, KeyDB, Dragonfly) lacks some.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Info {
    pub commands: Option<f64>,
    pub keyspace_hits: Option<f64>,
    pub keyspace_misses: Option<f64>,
    pub evicted_keys: Option<f64>,
    pub expired_keys: Option<f64>,
    pub rejected_connections: Option<f64>,
    pub error_replies: Option<f64>,
    /// Bytes since the start, as the next.
    pub received: Option<f64>,
    pub sent: Option<f64>,
    pub clients: Option<f64>,
    pub clients_limit: Option<f64>,
    pub blocked_clients: Option<f64>,
    /// Bytes, as the next.
    pub memory: Option<f64>,
    /// 0 is none.
    pub memory_limit: Option<f64>,
    /// Seconds of CPU since the start: of the whole process, and of the thread that runs all commands.
    pub cpu: Cpu,
    pub main_thread_cpu: Cpu,
    /// Bytes of the stream of changes, and how many of them each replica has confirmed.
    pub replication_offset: Option<f64>,
    pub replicas: Vec<Replica>,
}

/// Seconds in user space and in the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cpu {
    user: Option<f64>,
    system: Option<f64>,
}

impl Cpu {
    /// Both together; `None` when the server does not tell.
    pub fn total(self) -> Option<f64> {
        Some(self.user? + self.system?)
    }
}

/// One that follows this server.
#[derive(Clone, Debug, PartialEq)]
pub struct Replica {
    /// `ip:port`
    pub name: String,
    pub offset: f64,
}

/// Replicas that are told apart.
pub const REPLICAS_LIMIT: usize = 64;

/// Reads an answer. What it does not hold is left out, so that any text is one.
pub fn parse(text: &str) -> Info {
    let mut info = Info::default();
    for line in text.lines().take(LINES_LIMIT) {
        let Some((key, value)) = line.trim_end().split_once(':') else { continue };
        if let Some(place) = place(&mut info, key) {
            *place = value.parse().ok().filter(|number: &f64| number.is_finite());
        } else if is_replica(key) && info.replicas.len() < REPLICAS_LIMIT {
            info.replicas.extend(replica(value));
        }
    }
    info
}

fn place<'a>(info: &'a mut Info, key: &str) -> Option<&'a mut Option<f64>> {
    Some(match key {
        "total_commands_processed" => &mut info.commands,
        "keyspace_hits" => &mut info.keyspace_hits,
        "keyspace_misses" => &mut info.keyspace_misses,
        "evicted_keys" => &mut info.evicted_keys,
        "expired_keys" => &mut info.expired_keys,
        "rejected_connections" => &mut info.rejected_connections,
        "total_error_replies" => &mut info.error_replies,
        "total_net_input_bytes" => &mut info.received,
        "total_net_output_bytes" => &mut info.sent,
        "connected_clients" => &mut info.clients,
        "maxclients" => &mut info.clients_limit,
        "blocked_clients" => &mut info.blocked_clients,
        "used_memory" => &mut info.memory,
        "maxmemory" => &mut info.memory_limit,
        "used_cpu_user" => &mut info.cpu.user,
        "used_cpu_sys" => &mut info.cpu.system,
        "used_cpu_user_main_thread" => &mut info.main_thread_cpu.user,
        "used_cpu_sys_main_thread" => &mut info.main_thread_cpu.system,
        "master_repl_offset" => &mut info.replication_offset,
        _ => return None,
    })
}

/// `slave0`, `slave1`, ...
fn is_replica(key: &str) -> bool {
    let number = key.strip_prefix("slave").unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// `ip=127.0.0.1,port=6380,state=online,offset=1234,lag=0`
fn replica(value: &str) -> Option<Replica> {
    let field =
        |name: &str| value.split(',').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    let name = format!("{}:{}", field("ip")?, field("port")?);
    let offset = field("offset")?.parse().ok().filter(|offset: &f64| offset.is_finite())?;
    Some(Replica { name, offset })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of redis-server 7.0.15, shortened.
    const TEXT: &str = "# Server\r\nredis_version:7.0.15\r\nos:Linux 6.1.0 x86_64\r\n\r\n# Clients\r\n\
        connected_clients:3\r\nmaxclients:10000\r\nblocked_clients:1\r\n\r\n# Memory\r\nused_memory:1048576\r\n\
        used_memory_human:1.00M\r\nmaxmemory:0\r\n\r\n# Stats\r\ntotal_commands_processed:42\r\n\
        keyspace_hits:7\r\nkeyspace_misses:2\r\nevicted_keys:0\r\ntotal_error_replies:5\r\n\r\n# Replication\r\n\
        role:master\r\nconnected_slaves:1\r\n\
        slave0:ip=127.0.0.1,port=6380,state=online,offset=1200,lag=0\r\nslave_read_only:1\r\n\
        master_repl_offset:1234\r\n\r\n# CPU\r\nused_cpu_sys:1.5\r\nused_cpu_user:2.25\r\n\
        used_cpu_sys_main_thread:1.0\r\nused_cpu_user_main_thread:2.0\r\n\r\n# Keyspace\r\n\
        db0:keys=10,expires=0,avg_ttl=0\r\n";

    #[test]
    fn an_answer() {
        let info = parse(TEXT);
        assert_eq!(
            (info.commands, info.keyspace_hits, info.evicted_keys),
            (Some(42.0), Some(7.0), Some(0.0))
        );
        assert_eq!((info.clients, info.clients_limit), (Some(3.0), Some(10_000.0)));
        assert_eq!((info.memory, info.memory_limit), (Some(1_048_576.0), Some(0.0)));
        assert_eq!((info.cpu.total(), info.main_thread_cpu.total()), (Some(3.75), Some(3.0)));
        assert_eq!(info.replication_offset, Some(1_234.0));
        assert_eq!(info.replicas, [Replica { name: "127.0.0.1:6380".into(), offset: 1_200.0 }]);
        assert_eq!(info.rejected_connections, None, "a line that is not there");
    }

    #[test]
    fn other_texts() {
        assert_eq!(parse(""), Info::default());
        assert_eq!(parse("used_memory:many\r\nslave0:ip=a\r\nslaves:1\r\n"), Info::default());
        assert_eq!(parse("used_cpu_sys:1\n").cpu.total(), None, "half of a sum");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(slave[0-9]?|used_memory|[a-z:=,.0-9\r\n]){0,40}") {
            prop_assert!(parse(&text).replicas.len() <= REPLICAS_LIMIT);
        }
    }
}
