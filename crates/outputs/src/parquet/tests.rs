//! Files read back.

use ::parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::{Field, RowAccessor},
};
use bytes::Bytes;
use plimsoll_metrics::{Builtin, Contains, MetricKind};
use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    Output,
    testing::{Samples, Shared},
};

fn read(bytes: Vec<u8>) -> (Vec<String>, Vec<i64>) {
    let file = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
    let groups = file.metadata().row_groups().iter().map(|group| group.num_rows()).collect();
    let map = |field: Option<&Field>| match field {
        Some(Field::MapInternal(map)) => {
            let pairs = map.entries().iter().map(|(key, value)| format!("{key}={value}"));
            pairs.collect::<Vec<_>>().join(",")
        }
        other => panic!("{other:?}"),
    };
    let rows = file.get_row_iter(None).unwrap().map(|row| {
        let row = row.unwrap();
        let fields: Vec<&Field> = row.get_column_iter().map(|(_, field)| field).collect();
        let time = match fields[0] {
            Field::Long(nanos) => *nanos,
            other => panic!("{other:?}"),
        };
        let (metric, kind) = (row.get_string(1).unwrap(), row.get_string(2).unwrap());
        let value = row.get_double(3).unwrap();
        let (tags, metadata) = (map(fields.get(4).copied()), map(fields.get(5).copied()));
        format!("{time} {metric} {kind} {value} {{{tags}}} {{{metadata}}}")
    });
    (rows.collect(), groups)
}

fn some_samples() -> Samples {
    let mut samples = Samples::new();
    let pages = samples.registry.metric("pages", MetricKind::Gauge, Contains::Default).unwrap();
    let (duration, url) = (Builtin::HttpReqDuration.id(), ("url", "http://a/é"));
    samples.add(
        duration,
        &[url, ("status", "200"), ("group", "")],
        1.5,
        &[("vu", "1"), ("iter", "0")],
    );
    samples.add(pages, &[], -7.0, &[]);
    samples.add(Builtin::HttpReqs.id(), &[url], 1.0, &[("vu", "2")]);
    samples
}

#[test]
fn rows_are_samples() {
    let samples = some_samples();
    let bytes = Shared::default();
    let mut file = Rows::new(bytes.clone(), samples.registry.clone(), 2).unwrap();
    let mut written = Written::default();
    file.samples(&samples.list, &mut written);
    assert_eq!(written.samples, 2);
    file.finish(&mut written);
    assert_eq!((written.samples, written.not_written), (3, 0));
    let (rows, groups) = read(bytes.bytes());
    assert_eq!(groups, [2, 1]);
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn a_run_without_samples_leaves_a_file_without_rows() {
    let bytes = Shared::default();
    let mut file = Rows::new(bytes.clone(), Registry::new(1), 2).unwrap();
    file.finish(&mut Written::default());
    assert_eq!(read(bytes.bytes()), (vec![], vec![]));
}

#[test]
fn a_file_as_an_output() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.parquet");
    let samples = some_samples();
    let mut output = start(&path, samples.registry.clone(), Log::memory()).unwrap();
    assert!(output.wants_samples());
    output.samples(&Arc::new(samples.list), 0);
    assert_eq!(output.finish().unwrap(), None);
    assert_eq!(read(std::fs::read(&path).unwrap()).0.len(), 3);
    let error = start(folder.path(), Registry::new(1), Log::memory()).err().unwrap();
    assert!(error.message.starts_with("could not create the 'parquet' output: "), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever the tags and wherever the groups end.
    #[test]
    fn what_is_written_is_read(
        list in vec((0_u8..5, vec("[a-c]{1,2}", 0..4), any::<u32>()), 0..40),
        group_rows in 1_usize..9,
    ) {
        let mut samples = Samples::new();
        let mut expected = Vec::new();
        for (url, keys, value) in &list {
            let url = url.to_string();
            let metadata: Vec<(&str, &str)> = keys.iter().map(|key| (&**key, "x")).collect();
            samples.add(Builtin::HttpReqs.id(), &[("url", &url)], f64::from(*value), &metadata);
            let set = plimsoll_metrics::TagSet::from_pairs(metadata);
            let pairs: Vec<String> = set.iter().map(|(key, value)| format!("{key:?}={value:?}")).collect();
            expected.push(format!("{value} {{\"url\"={url:?}}} {{{}}}", pairs.join(",")));
        }
        let bytes = Shared::default();
        let mut file = Rows::new(bytes.clone(), samples.registry.clone(), group_rows).unwrap();
        let mut written = Written::default();
        file.samples(&samples.list, &mut written);
        file.finish(&mut written);
        prop_assert_eq!(written.samples, list.len() as u64);
        let (rows, groups) = read(bytes.bytes());
        prop_assert!(groups.iter().all(|rows| *rows <= group_rows as i64));
        let rows: Vec<&str> = rows.iter().map(|row| row.splitn(4, ' ').last().unwrap()).collect();
        prop_assert_eq!(rows, expected);
    }
}
