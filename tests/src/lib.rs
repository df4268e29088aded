//! What the tests of the whole share: nothing that ships depends on this package.
