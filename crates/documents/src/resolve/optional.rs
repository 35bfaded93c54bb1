//! Optional fields, where "left out" and "wrong" must not be mixed up.

/// Reads an optional field: `Some(None)` where it is left out, `None` where it is wrong.
#[expect(
    clippy::option_option,
    reason = "left out and wrong are different things here"
)]
pub(crate) fn optional<R, T>(
    raw: Option<&R>,
    read: impl FnOnce(&R) -> Option<T>,
) -> Option<Option<T>> {
    match raw {
        None => Some(None),
        Some(raw) => read(raw).map(Some),
    }
}
