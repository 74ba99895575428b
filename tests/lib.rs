//! Tests of the whole: of the tables and the corpus, of the component at its boundary, of the
//! command line, and of the tree itself. Each file says at its head what its data look like.

pub mod cases;
