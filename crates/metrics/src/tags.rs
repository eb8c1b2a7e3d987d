//! Immutable, sorted, cheaply cloned sets of tags.

use std::{
    cmp::Ordering,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, LazyLock},
};

type Pair = (Arc<str>, Arc<str>);

/// A sorted set of `(key, value)` pairs; cloning copies one pointer.
#[derive(Clone)]
pub struct TagSet(Arc<Tags>);

struct Tags {
    /// Of all pairs, taken once: the recorder looks sets up far more often than it makes them.
    hash: u64,
    pairs: Box<[Pair]>,
}

impl Default for TagSet {
    fn default() -> Self {
        static EMPTY: LazyLock<TagSet> = LazyLock::new(|| TagSet::from_sorted(Vec::new()));
        EMPTY.clone()
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
        TagSet::from_sorted(sorted)
    }

    fn from_sorted(pairs: Vec<Pair>) -> TagSet {
        let mut hasher = DefaultHasher::new();
        pairs.hash(&mut hasher);
        TagSet(Arc::new(Tags { hash: hasher.finish(), pairs: pairs.into() }))
    }

    /// The set with `key` set to `value`.
    pub fn with(&self, key: &str, value: &str) -> TagSet {
        self.extended([(key, value)])
    }

    /// The set with all of `pairs` set; an empty value stays a value.
    pub fn extended<'a>(&self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> TagSet {
        let own = self.0.pairs.iter().map(|(k, v)| (k.clone(), v.clone()));
        let more = pairs.into_iter().map(|(k, v)| (Arc::from(k), Arc::from(v)));
        TagSet::from_pairs(own.chain(more))
    }

    /// The set without `key`.
    pub fn without(&self, key: &str) -> TagSet {
        TagSet::from_sorted(self.0.pairs.iter().filter(|(k, _)| &**k != key).cloned().collect())
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.0.pairs.binary_search_by(|(k, _)| (**k).cmp(key)).ok()?;
        Some(&self.0.pairs.get(at)?.1)
    }

    /// Pairs in order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.pairs.iter().map(|(k, v)| (&**k, &**v))
    }

    /// Whether every pair of `other` is in this set.
    pub fn contains_all(&self, other: &TagSet) -> bool {
        other.iter().all(|(k, v)| self.get(k) == Some(v))
    }

    pub fn len(&self) -> usize {
        self.0.pairs.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.pairs.is_empty()
    }
}

impl PartialEq for TagSet {
    fn eq(&self, other: &TagSet) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.hash == other.0.hash && self.0.pairs == other.0.pairs)
    }
}

impl Eq for TagSet {}

impl Hash for TagSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl PartialOrd for TagSet {
    fn partial_cmp(&self, other: &TagSet) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TagSet {
    fn cmp(&self, other: &TagSet) -> Ordering {
        self.0.pairs.cmp(&other.0.pairs)
    }
}

impl fmt::Debug for TagSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_last_value_wins() {
        let tags = TagSet::from_pairs([("b", "1"), ("a", "2"), ("b", "3")]);
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("a", "2"), ("b", "3")]);
        assert_eq!(tags.get("b"), Some("3"));
        assert_eq!(tags.get("c"), None);
    }

    #[test]
    fn equal_content_is_equal_however_it_was_made() {
        let one = TagSet::from_pairs([("a", "1"), ("b", "2")]);
        let two = TagSet::default().with("b", "2").with("a", "0").with("a", "1");
        assert_eq!(one, two);
        assert_eq!(one.without("b"), TagSet::from_pairs([("a", "1")]));
        assert_ne!(one, one.with("a", ""));
        assert!(one.contains_all(&two.without("a")));
        assert!(!one.without("a").contains_all(&two));
    }
}
