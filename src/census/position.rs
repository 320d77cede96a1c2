//! Reading a position, in any notation, and telling what it may mean.
