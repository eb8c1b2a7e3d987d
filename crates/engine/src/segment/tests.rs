//! Segments: parsing, striping, and that parts make up the whole.

use proptest::prelude::*;

use super::*;

/// Own numbers below `whole` of the part, with iterations dealt by `vus` when not 0.
fn own(segment: &str, sequence: &str, vus: u64, whole: u64) -> Vec<u64> {
    let segment = Segment::parse(segment, sequence).unwrap();
    let striping =
        if vus > 0 { segment.striping().by_vus(vus) } else { segment.striping().clone() };
    (0..striping.count(whole)).map(|k| striping.global(k)).collect()
}

fn message(segment: &str, sequence: &str) -> String {
    Segment::parse(segment, sequence).unwrap_err().message
}

/// Numbers observed in k6 1.1.0.
#[test]
fn numbers_are_dealt_as_k6_deals_them() {
    assert_eq!(own("0:1/3", "", 0, 18), [1, 4, 7, 10, 13, 16]);
    assert_eq!(own("0:1/3", "", 7, 20), [1, 4, 8, 11, 15, 18]);
    let sequence = "0,0.2,70%,1";
    assert_eq!(own("20%:70%", sequence, 7, 20), [0, 2, 4, 6, 7, 9, 11, 13, 14, 16, 18]);
    assert_eq!(own("0:0.2", sequence, 7, 20), [3, 10, 17]);
    assert_eq!(own("70%:1", sequence, 7, 20), [1, 5, 8, 12, 15, 19]);
    assert_eq!(own("70%:1", sequence, 0, 20), [1, 5, 7, 11, 15, 17]);
    assert_eq!(own("1/2:3/4", "", 7, 20), [1, 5, 8, 12, 15, 19]);
    assert_eq!(own("1/2:3/4", "", 0, 22), [1, 5, 9, 13, 17, 21]);
    assert_eq!(own("", "", 5, 4), [0, 1, 2, 3]);
    assert_eq!(own("1/2:1", "", 1, 10), [0_u64; 0]);
}

#[test]
fn mistakes_are_named_in_k6s_words() {
    assert_eq!(message("0.7:0.2", ""), "segment start(0.70) must be less than its end(0.20)");
    assert_eq!(
        message("x:1", ""),
        "'x' is not a valid percentage, decimal, fraction or interval value"
    );
    assert_eq!(
        message("1/3:1/2:1", ""),
        "'1/2:1' is not a valid percentage, decimal, fraction or interval value"
    );
    assert_eq!(message("0:1.5", ""), "segment end value can't be more than 1 but was 1.50");
    assert_eq!(message("-1:1", ""), "segment start value must be at least 0 but was -1.00");
    assert_eq!(message("", "0,1/3,1"), "provided segment 0:1 can't be found in sequence 0,1/3,1");
    assert_eq!(
        message("0:1/3", "0"),
        "at least 2 points are needed for an execution segment sequence, 1 given"
    );
    assert!(message("0:1/1000003", "").contains("common denominator"));
}

proptest! {
    #[test]
    fn parts_are_disjoint_and_make_the_whole(
        mut cuts in proptest::collection::btree_set(1_u32..60, 0..6),
        vus in 0_u64..40,
        whole in 0_u64..300,
    ) {
        cuts.insert(0);
        cuts.insert(60);
        let points: Vec<String> = cuts.iter().map(|c| format!("{c}/60")).collect();
        let sequence = points.join(",");
        let mut all: Vec<u64> = points
            .windows(2)
            .flat_map(|w| own(&w.join(":"), &sequence, vus, whole))
            .collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..whole).collect::<Vec<_>>());
    }

    #[test]
    fn no_text_makes_it_panic(segment in "[-0-9./%:,x]{0,12}", sequence in "[-0-9./%,x]{0,16}") {
        drop(Segment::parse(&segment, &sequence));
    }
}
