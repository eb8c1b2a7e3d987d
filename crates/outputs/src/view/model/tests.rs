//! Laws of points and tables.
