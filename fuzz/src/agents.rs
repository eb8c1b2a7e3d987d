//! What an agent answers to its clients, and what they make of it.

use bolero::check;
use plimsoll_metrics::{Origin, Registry};
use plimsoll_monitor::{
    Readings,
    agent::{Exchange, Follower, answer::Answer},
};

use crate::near::Corpus;

/// Two of one session after the first, which only begins it, then one of another.
const ANSWERS: &[&str] = &[
    r#"{"session":"a1","host":"app1","received":1000,"sent":1001,"first_series":0,"series":[],"newest":7,"missed":0,"ticks":[]}"#,
    r#"{"session":"a1","host":"app1","received":2000,"sent":2001,"first_series":0,"series":[{"metric":"host_cpu_utilization","kind":"trend","tags":{"host":"app1"}},{"metric":"host_oom_kills","kind":"counter","contains":"data","tags":{}}],"newest":8,"missed":2,"ticks":[{"number":8,"at":1999,"values":[[0,0.5],[1,3]],"events":[{"at":1998,"kind":"probe","text":"x"}]}]}"#,
    r#"{"session":"a1","host":"here","received":3000,"sent":3001,"first_series":2,"series":[{"metric":"http_reqs","kind":"counter","tags":{"host":"here"}}],"newest":10,"missed":0,"ticks":[{"number":9,"at":2500,"values":[[2,1],[0,-1e308]]},{"number":10,"at":18446744073709551615,"values":[]}]}"#,
];

const WORDS: &[&str] = &[
    "\"a1\"",
    "\"a2\"",
    "\"here\"",
    "0",
    "1",
    "18446744073709551615",
    "-1",
    "1e999",
    "null",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\"rate\"",
    "\"gauge\"",
    "\"time\"",
    "\\u0000",
    "\u{e9}",
    "&after=0",
];

#[test]
fn answers() {
    let corpus = Corpus::of_texts(ANSWERS, WORDS);
    let exchange = Exchange { sent: 500, arrived: 1_000, answered: 1_001, returned: 600 };
    check!().with_generator(corpus.text()).for_each(|text| {
        let registry = Registry::new(1_000);
        let readings = Readings::new(registry.clone(), "here", true);
        let mut follower = Follower::new("agent h:1", "h:1");
        for text in [ANSWERS[0], text, ANSWERS[1], text] {
            if let Ok(answer) = serde_json::from_str::<Answer<'_>>(text) {
                follower.follow(&answer, exchange, &readings).ok();
            }
            let question = follower.question();
            assert!(question.bytes().all(|byte| byte.is_ascii_graphic()), "{question}");
            assert_eq!(question.matches('&').count(), 2, "{question}");
        }
        for sample in readings.take().samples {
            let def = registry.series_def(sample.series);
            assert!(sample.value.is_finite());
            assert_eq!(registry.def(def.metric).origin, Origin::Watched);
            assert!(def.tags.get("host").is_some());
        }
    });
}
