//! The metrics that every run has, with k6's names, kinds and units, and three of our own.

use crate::registry::{Contains, MetricId, MetricKind};

macro_rules! builtins {
    ($($variant:ident $name:literal $kind:ident $contains:ident;)*) => {
        /// A built-in metric. Its discriminant is its [`MetricId`] in every registry.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum Builtin { $($variant,)* }

        impl Builtin {
            pub const ALL: &[Builtin] = &[$(Builtin::$variant,)*];

            pub fn id(self) -> MetricId {
                MetricId(self as u32)
            }

            pub fn name(self) -> &'static str {
                match self { $(Builtin::$variant => $name,)* }
            }

            pub fn kind(self) -> MetricKind {
                match self { $(Builtin::$variant => MetricKind::$kind,)* }
            }

            pub fn contains(self) -> Contains {
                match self { $(Builtin::$variant => Contains::$contains,)* }
            }
        }
    };
}

builtins! {
    Vus "vus" Gauge Default;
    VusMax "vus_max" Gauge Default;
    Iterations "iterations" Counter Default;
    IterationDuration "iteration_duration" Trend Time;
    DroppedIterations "dropped_iterations" Counter Default;
    Checks "checks" Rate Default;
    GroupDuration "group_duration" Trend Time;
    HttpReqs "http_reqs" Counter Default;
    HttpReqFailed "http_req_failed" Rate Default;
    HttpReqDuration "http_req_duration" Trend Time;
    HttpReqBlocked "http_req_blocked" Trend Time;
    HttpReqConnecting "http_req_connecting" Trend Time;
    HttpReqTlsHandshaking "http_req_tls_handshaking" Trend Time;
    HttpReqSending "http_req_sending" Trend Time;
    HttpReqWaiting "http_req_waiting" Trend Time;
    HttpReqReceiving "http_req_receiving" Trend Time;
    DataSent "data_sent" Counter Data;
    DataReceived "data_received" Counter Data;
    IterationLateness "iteration_lateness" Trend Time;
    IterationResponseTime "iteration_response_time" Trend Time;
    IterationsAsked "iterations_asked" Gauge Default;
}

impl Builtin {
    /// Whether k6 has it too. The others stay out of k6-shaped outputs (summary data, JSON, CSV).
    pub fn is_k6(self) -> bool {
        !matches!(
            self,
            Builtin::IterationLateness | Builtin::IterationResponseTime | Builtin::IterationsAsked
        )
    }
}
