//! The rows of one group, column by column.

use std::{collections::BTreeMap, io::Write};

use ::parquet::{
    data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type},
    errors::ParquetError,
    file::writer::{SerializedFileWriter, SerializedRowGroupWriter},
};
use plimsoll_metrics::{RawSample, Registry, SeriesId, TagSet};

type Group<'a, W> = SerializedRowGroupWriter<'a, W>;

pub(super) struct Columns {
    registry: Registry,
    times: Vec<i64>,
    values: Vec<f64>,
    series: Vec<SeriesId>,
    metadata: Vec<Option<TagSet>>,
    /// What all rows of a series have in common.
    known: BTreeMap<SeriesId, Series>,
}

struct Series {
    metric: ByteArray,
    kind: ByteArray,
    tags: Vec<Pair>,
}

type Pair = (ByteArray, ByteArray);

/// A column of maps, as its two columns and the levels that they share.
#[derive(Default)]
struct Maps {
    keys: Vec<ByteArray>,
    values: Vec<ByteArray>,
    /// 1 for a pair, 0 for a map without any.
    definition: Vec<i16>,
    /// 0 for a map's first pair or its having none, 1 for further ones.
    repetition: Vec<i16>,
}

impl Columns {
    pub(super) fn new(registry: Registry) -> Columns {
        Columns {
            registry,
            times: Vec::new(),
            values: Vec::new(),
            series: Vec::new(),
            metadata: Vec::new(),
            known: BTreeMap::new(),
        }
    }

    pub(super) fn push(&mut self, sample: &RawSample) {
        self.times.push(i64::try_from(sample.at.0).unwrap_or(i64::MAX));
        self.values.push(sample.value);
        self.series.push(sample.series);
        self.metadata.push(sample.metadata.clone());
    }

    pub(super) fn len(&self) -> usize {
        self.times.len()
    }

    pub(super) fn clear(&mut self) {
        self.times.clear();
        self.values.clear();
        self.series.clear();
        self.metadata.clear();
    }

    /// Writes all rows as one group.
    pub(super) fn write<W: Write + Send>(
        &mut self,
        file: &mut SerializedFileWriter<W>,
    ) -> Result<(), ParquetError> {
        for id in &self.series {
            let registry = &self.registry;
            self.known.entry(*id).or_insert_with(|| Series::of(registry, *id));
        }
        let known = || self.series.iter().filter_map(|id| self.known.get(id));
        let mut group = file.next_row_group()?;
        numbers::<Int64Type, W>(&mut group, &self.times)?;
        let names: Vec<ByteArray> = known().map(|series| series.metric.clone()).collect();
        texts(&mut group, &names, None)?;
        let kinds: Vec<ByteArray> = known().map(|series| series.kind.clone()).collect();
        texts(&mut group, &kinds, None)?;
        numbers::<DoubleType, W>(&mut group, &self.values)?;
        let mut tags = Maps::default();
        known().for_each(|series| tags.push(series.tags.iter().cloned()));
        tags.write(&mut group)?;
        let mut metadata = Maps::default();
        for set in &self.metadata {
            let pairs = set.iter().flat_map(TagSet::iter);
            metadata.push(pairs.map(|(key, value)| (text(key), text(value))));
        }
        metadata.write(&mut group)?;
        group.close()?;
        Ok(())
    }
}

impl Series {
    fn of(registry: &Registry, id: SeriesId) -> Series {
        let series = registry.series_def(id);
        let metric = registry.def(series.metric);
        let present = series.tags.iter().filter(|(_, value)| !value.is_empty());
        Series {
            metric: text(&metric.name),
            kind: text(metric.kind.name()),
            tags: present.map(|(key, value)| (text(key), text(value))).collect(),
        }
    }
}

impl Maps {
    fn push(&mut self, pairs: impl Iterator<Item = Pair>) {
        let before = self.keys.len();
        for (key, value) in pairs {
            self.repetition.push(i16::from(self.keys.len() > before));
            self.definition.push(1);
            self.keys.push(key);
            self.values.push(value);
        }
        if self.keys.len() == before {
            self.repetition.push(0);
            self.definition.push(0);
        }
    }

    fn write<W: Write + Send>(&self, group: &mut Group<W>) -> Result<(), ParquetError> {
        let levels = Some((&*self.definition, &*self.repetition));
        texts(group, &self.keys, levels)?;
        texts(group, &self.values, levels)
    }
}

fn text(text: &str) -> ByteArray {
    ByteArray::from(text.as_bytes().to_vec())
}

fn numbers<T, W>(group: &mut Group<W>, values: &[T::T]) -> Result<(), ParquetError>
where
    T: ::parquet::data_type::DataType,
    W: Write + Send,
{
    let Some(mut column) = group.next_column()? else { return Err(too_few()) };
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()
}

fn texts<W: Write + Send>(
    group: &mut Group<W>,
    values: &[ByteArray],
    levels: Option<(&[i16], &[i16])>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else { return Err(too_few()) };
    let (definition, repetition) = levels.unzip();
    column.typed::<ByteArrayType>().write_batch(values, definition, repetition)?;
    column.close()
}

/// The columns follow the schema, so this is for completeness.
fn too_few() -> ParquetError {
    ParquetError::General("the schema has too few columns".to_owned())
}
