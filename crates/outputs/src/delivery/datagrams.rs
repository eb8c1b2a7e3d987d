//! Payloads as datagrams: what leaves this machine counts as sent, nobody says what arrives.

use plimsoll_runtime::datagram::Datagrams;

use super::{Destination, Failure, Payload, Sent};

impl Destination for Datagrams {
    async fn send(&mut self, payload: &Payload) -> Result<Sent, Failure> {
        let sent = Datagrams::send(self, &payload.body).await;
        sent.map_err(|error| Failure::transient(error.to_string()))?;
        Ok(Sent::default())
    }
}
