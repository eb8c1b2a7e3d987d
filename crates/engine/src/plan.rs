//! From scenarios to VU slots: which VU, on which worker, belongs to which scenario when.
