//! Real processes, watched: a tree, a listener, one that is started again.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
};

use plimsoll_metrics::{Observation, Registry, Sink};
use plimsoll_runtime::workers;

use super::*;

/// A shell that does line by line what it is told.
struct Shell {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<std::process::ChildStdout>,
}

impl Shell {
    fn start() -> Shell {
        let mut child =
            Command::new("sh").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        Shell { child, input, output: BufReader::new(output) }
    }

    /// The line that it answers with.
    fn tell(&mut self, command: &str) -> String {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{command}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn end(mut self) {
        drop(self.input.take());
        self.child.wait().unwrap();
    }
}

struct Rig {
    registry: Registry,
    readings: Readings,
    probe: ProcessProbe,
}

impl Rig {
    fn new(finder: Finder) -> Rig {
        let registry = Registry::new(1_000);
        Rig {
            readings: Readings::new(registry.clone(), "here", false),
            registry,
            probe: ProcessProbe::new(finder, "it".into(), Role::Watched),
        }
    }

    fn read(&mut self) -> Result<Observation, String> {
        let readings = self.readings.at_tick(plimsoll_runtime::clock::Instant::now());
        let outcome = workers::block_on(self.probe.read(&readings)).unwrap();
        let observation = self.readings.take();
        outcome.map(|()| observation).map_err(|error| error.to_string())
    }

    /// The values of one metric, by series.
    fn values(&self, observation: &Observation, name: &str) -> Vec<f64> {
        let sinks = observation.interval.sinks.iter();
        let of_name = sinks.filter(|(series, _)| {
            *self.registry.def(self.registry.series_def(*series).metric).name == *name
        });
        of_name
            .map(|(_, sink)| match sink {
                Sink::Counter { sum } => *sum,
                Sink::Trend(histogram) => histogram.max(),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[track_caller]
    fn value(&self, observation: &Observation, name: &str) -> f64 {
        match self.values(observation, name)[..] {
            [value] => value,
            ref several => panic!("{name}: {several:?}"),
        }
    }
}

#[test]
fn a_tree_whose_children_come_and_go() {
    let mut shell = Shell::start();
    shell.tell("echo ready");
    let mut rig = Rig::new(Finder::Pid(shell.child.id()));
    let first = rig.read().unwrap();
    assert_eq!(rig.value(&first, "process_processes"), 1.0);
    assert!(rig.values(&first, "process_cpu_utilization").is_empty(), "nothing to compare with");

    // One that waits, and one that is over before anybody looks.
    shell.tell("sleep 60 & echo $!");
    shell.tell("sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; echo done");
    let second = rig.read().unwrap();
    assert_eq!(rig.value(&second, "process_processes"), 2.0);
    assert_eq!(rig.value(&second, "process_threads"), 2.0);
    assert!(rig.value(&second, "process_cpu_utilization") > 0.0, "the child's work counts");
    assert!(rig.value(&second, "process_file_descriptors") >= 3.0);
    let alone = rig.value(&first, "process_memory_bytes");
    assert!(rig.value(&second, "process_memory_bytes") > alone);

    shell.tell("kill $!; wait $!; echo gone");
    let third = rig.read().unwrap();
    assert_eq!(rig.value(&third, "process_processes"), 1.0);
    let ended = format!("process {} has ended", shell.child.id());
    shell.end();
    for _ in 0..2 {
        assert_eq!(rig.read().map(|_| ()).unwrap_err(), ended);
    }
}

#[test]
fn a_process_that_nobody_has_waited_for() {
    let mut shell = Shell::start();
    let mut rig = Rig::new(Finder::Pid(shell.child.id()));
    rig.read().unwrap();
    drop(shell.input.take());
    let mut rest = String::new();
    // Its output ends with it, or shortly before.
    shell.output.read_line(&mut rest).unwrap();
    let is_over = (0..100_000).any(|_| rig.read().is_err());
    assert!(is_over, "it does not run, though its number is still taken");
    shell.end();
}

/// A listener in a process of its own; Python, since no tool of the base system listens.
fn listener(port: u16) -> (Child, u16) {
    const SCRIPT: &str = "import socket, sys\n\
        s = socket.socket()\n\
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n\
        s.bind(('127.0.0.1', int(sys.argv[1])))\n\
        s.listen(7)\n\
        print(s.getsockname()[1], flush=True)\n\
        sys.stdin.read()\n";
    let mut child = Command::new("python3")
        .args(["-c", SCRIPT, &port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().parse().unwrap())
}

fn end(mut child: Child) {
    drop(child.stdin.take());
    child.wait().unwrap();
}

#[test]
fn a_port_and_whoever_listens_there_next() {
    let (first, port) = listener(0);
    let mut rig = Rig::new(Finder::port(port));
    let observation = rig.read().unwrap();
    assert_eq!(rig.probe.roots, [first.id()]);
    assert_eq!(rig.value(&observation, "process_listen_queue"), 0.0);
    assert_eq!(rig.value(&observation, "process_listen_queue_limit"), 7.0);

    // By its number alone its port is known too.
    let mut by_pid = Rig::new(Finder::Pid(first.id()));
    for _ in 0..2 {
        let observation = by_pid.read().unwrap();
        assert_eq!(by_pid.value(&observation, "process_listen_queue_limit"), 7.0);
    }

    // Replaced between two looks.
    end(first);
    let (second, _) = listener(port);
    let observation = rig.read().unwrap();
    assert_eq!(rig.probe.roots, [second.id()]);
    let [event] = &observation.events[..] else { panic!("{observation:?}") };
    assert_eq!(event.kind, "process");
    assert!(event.text.starts_with("it: process "), "{}", event.text);

    // Away for a while.
    end(second);
    assert_eq!(rig.read().map(|_| ()).unwrap_err(), "nobody listens at this port");
    assert!(rig.read().is_err());
    let (third, _) = listener(port);
    assert!(rig.read().unwrap().events.is_empty(), "the sampler tells of the recovery");
    assert_eq!(rig.probe.roots, [third.id()]);
    end(third);
}

#[test]
fn a_name_finds_all_of_that_name() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("plimsoll-test-sleeper");
    std::fs::copy("/bin/sleep", &program).unwrap();
    let start = || Command::new(&program).arg("60").spawn().unwrap();
    let (mut one, mut two) = (start(), start());
    let mut rig = Rig::new(Finder::Name("plimsoll-test-sleeper".into()));
    let observation = rig.read().unwrap();
    assert_eq!(rig.value(&observation, "process_processes"), 2.0);
    for child in [&mut one, &mut two] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // A look through the processes is not repeated at once, so the next one may take some readings.
    assert!(rig.read().is_err());
    let mut third = start();
    let found = (0..1_000_000).find_map(|_| rig.read().ok());
    third.kill().unwrap();
    third.wait().unwrap();
    assert_eq!(rig.value(&found.unwrap(), "process_processes"), 1.0);
}

#[test]
fn the_generator_has_its_role() {
    let registry = Registry::new(1_000);
    let readings = Readings::new(registry.clone(), "here", false);
    let mut probe = Box::new(GeneratorSubject).probe().unwrap();
    for _ in 0..2 {
        workers::block_on(probe.read(&readings)).unwrap().unwrap();
    }
    let observation = readings.take();
    let cpu = registry.find("process_cpu_utilization").unwrap().id;
    let series: Vec<_> =
        observation.interval.sinks.iter().map(|(series, _)| registry.series_def(*series)).collect();
    let tags = &series.iter().find(|series| series.metric == cpu).unwrap().tags;
    let expected = [("host", "here"), ("process", "generator"), ("role", "generator")];
    assert_eq!(tags.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn threads_beyond_the_limit_share_a_name() {
    let mut tags = Tags { process: TagSet::default(), threads: HashMap::new() };
    for at in 0..THREAD_NAMES_LIMIT + 3 {
        let name = Arc::from(format!("worker-{at}"));
        let expected = if at < THREAD_NAMES_LIMIT { &*name } else { "others" };
        assert_eq!(tags.of_thread(&name).get("thread"), Some(expected));
    }
    assert_eq!(tags.of_thread(&Arc::from("worker-0")).get("thread"), Some("worker-0"));
}

#[test]
fn texts() {
    assert!(parse("cgroup:x").is_none() && parse("host").is_none());
    for (text, part) in [
        ("pid:", "1 or more"),
        ("pid:0", "1 or more"),
        ("pid:4294967295", "there is no process 4294967295"),
        ("name:", "that of a program"),
        ("name:/usr/bin/x", "without its folder"),
        ("port:0", "from 1 to 65535"),
        ("port:65536", "from 1 to 65535"),
        ("port:http", "from 1 to 65535"),
    ] {
        let error = parse(text).unwrap().map(|_| ()).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
    let own = pid(&std::process::id().to_string()).unwrap();
    assert!(!own.0.is_empty() && own.1 == Which::Pid(std::process::id()));
    assert_eq!(parse("port:8080").unwrap().unwrap().name(), "port:8080");
}
