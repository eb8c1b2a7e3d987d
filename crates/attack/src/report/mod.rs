//! What a report says of many hits.
