//! Immutable, sorted, cheaply cloned sets of tags.

use std::sync::Arc;

/// A sorted set of `(key, value)` pairs; cloning copies one pointer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TagSet(Arc<[(Arc<str>, Arc<str>)]>);

impl Default for TagSet {
    fn default() -> Self {
        TagSet(Arc::from([]))
    }
}

impl TagSet {
    /// Sorts by key; of two pairs with one key the later wins.
    pub fn from_pairs<K: Into<Arc<str>>, V: Into<Arc<str>>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> TagSet {
        let mut sorted: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        for (key, value) in pairs {
            let (key, value) = (key.into(), value.into());
            match sorted.binary_search_by(|(k, _)| k.cmp(&key)) {
                Ok(at) => sorted[at].1 = value,
                Err(at) => sorted.insert(at, (key, value)),
            }
        }
        TagSet(sorted.into())
    }

    /// The set with `key` set to `value`.
    pub fn with(&self, key: &str, value: &str) -> TagSet {
        self.extended([(key, value)])
    }

    /// The set with all of `pairs` set; an empty value stays a value.
    pub fn extended<'a>(&self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> TagSet {
        let own = self.0.iter().map(|(k, v)| (k.clone(), v.clone()));
        let more = pairs.into_iter().map(|(k, v)| (Arc::from(k), Arc::from(v)));
        TagSet::from_pairs(own.chain(more))
    }

    /// The set without `key`.
    pub fn without(&self, key: &str) -> TagSet {
        TagSet(self.0.iter().filter(|(k, _)| &**k != key).cloned().collect())
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(k, _)| (**k).cmp(key)).ok()?;
        Some(&self.0.get(at)?.1)
    }

    /// Pairs in order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (&**k, &**v))
    }

    /// Whether every pair of `other` is in this set.
    pub fn contains_all(&self, other: &TagSet) -> bool {
        other.iter().all(|(k, v)| self.get(k) == Some(v))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
