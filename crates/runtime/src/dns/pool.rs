//! A few threads that may block in `getaddrinfo`.

use std::{
    net::{IpAddr, ToSocketAddrs},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::Builder,
};

use super::{Answer, DnsError};

/// Look-ups at the same time. Names are few and cached, so more would only strain the name server.
const THREADS: usize = 4;
/// Questions that may wait for a thread; more fail at once. Only a script with as many distinct
/// names, or with the cache off, can have that many.
const QUESTIONS_MAX: usize = 16_384;

type Reply = Box<dyn FnOnce(Answer) + Send>;
type Lookup = Arc<dyn Fn(&str) -> Answer + Send + Sync>;

pub(super) struct Pool {
    lookup: Lookup,
    /// Made with the first question.
    questions: Mutex<Option<SyncSender<(String, Reply)>>>,
}

impl Pool {
    pub(super) fn new(lookup: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Pool {
        Pool { lookup: Arc::new(lookup), questions: Mutex::new(None) }
    }

    /// Never blocks; `reply` is called on one of the threads.
    pub(super) fn ask(
        &self,
        host: &str,
        reply: impl FnOnce(Answer) + Send + 'static,
    ) -> Result<(), DnsError> {
        let failed = |reason: String| DnsError::Failed { host: host.to_owned(), reason };
        let mut questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match &*questions {
            Some(sender) => sender,
            None => {
                questions.insert(start(&self.lookup).map_err(|error| failed(error.to_string()))?)
            }
        };
        sender.try_send((host.to_owned(), Box::new(reply))).map_err(|error| match error {
            TrySendError::Full(_) => failed("too many look-ups at the same time".into()),
            TrySendError::Disconnected(_) => failed("the look-up threads ended".into()),
        })
    }
}

/// The threads end when the sender is dropped.
fn start(lookup: &Lookup) -> std::io::Result<SyncSender<(String, Reply)>> {
    let (sender, receiver) = sync_channel(QUESTIONS_MAX);
    let receiver = Arc::new(Mutex::new(receiver));
    for index in 0..THREADS {
        let (receiver, lookup) = (Arc::clone(&receiver), Arc::clone(lookup));
        Builder::new().name(format!("dns-{index}")).spawn(move || {
            while let Some((host, reply)) = next(&receiver) {
                reply(lookup(&host));
            }
        })?;
    }
    Ok(sender)
}

fn next(receiver: &Mutex<Receiver<(String, Reply)>>) -> Option<(String, Reply)> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// The system's answer: hosts file, name servers and whatever else it is set up to ask.
pub(super) fn getaddrinfo(host: &str) -> Answer {
    // The C library's texts for "there is no such name" in the C locale, which a Rust program
    // never leaves; the standard library does not pass the number on.
    const NO_SUCH_NAME: [&str; 2] =
        ["Name or service not known", "No address associated with hostname"];
    match (host, 0).to_socket_addrs() {
        Ok(found) => {
            let mut addresses: Vec<IpAddr> = Vec::new();
            for address in found {
                if !addresses.contains(&address.ip()) {
                    addresses.push(address.ip());
                }
            }
            if addresses.is_empty() {
                return Err(DnsError::NoSuchHost(host.to_owned()));
            }
            Ok(addresses.into())
        }
        Err(error) => {
            let reason = error.to_string();
            if NO_SUCH_NAME.iter().any(|text| reason.contains(text)) {
                return Err(DnsError::NoSuchHost(host.to_owned()));
            }
            Err(DnsError::Failed { host: host.to_owned(), reason })
        }
    }
}
