//! Pages of lists that are sorted by a time, and by id where times are equal.
//!
//! A page begins after the last row of the one before, not at an offset: so what is added or removed
//! between two calls neither hides a row nor shows one twice.

use nuncio_protocol::UserId;

/// The row that a page begins after.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Position<I = UserId> {
    /// The row's time in milliseconds, or what else the list is sorted by first.
    pub at: i64,
    /// The other user, or the group, of the row.
    pub id: I,
}

impl<I: AsRef<str>> Position<I> {
    /// The values that a query compares with; those before all rows when there is no position.
    pub(crate) fn or_start(after: Option<&Self>, newest_first: bool) -> (i64, &str) {
        match after {
            Some(position) => (position.at, position.id.as_ref()),
            None if newest_first => (i64::MAX, ""),
            None => (i64::MIN, ""),
        }
    }
}

/// A page of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Page<T, I = UserId> {
    /// The rows, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Position<I>>,
}

impl<T, I: Clone> Page<T, I> {
    /// A page of at most `limit` of `rows`, of which one more was asked for, to see whether it is there.
    pub(crate) fn cut(mut rows: Vec<(Position<I>, T)>, limit: i64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|(position, _)| position.clone());
        Self { items: rows.into_iter().map(|(_, item)| item).collect(), next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_with_rows_behind_it_has_a_next_one() {
        let row = |at| (Position { at, id: UserId::try_from("u").unwrap() }, at);
        let page = Page::cut(vec![row(3), row(2), row(1)], 2);
        assert_eq!(page.items, [3, 2]);
        assert_eq!(page.next.unwrap().at, 2);
        assert_eq!(Page::cut(vec![row(3), row(2)], 2).next, None);
        assert_eq!(Page::<i64>::cut(Vec::new(), 2).next, None);
    }
}
