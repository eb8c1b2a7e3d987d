//! The routes as browsers use them.
