//! Inserting many rows: one statement for sixteen of them costs less than sixteen statements.

use std::sync::OnceLock;

use rusqlite::{CachedStatement, Connection, params_from_iter};

use super::{Tx, Value};
use crate::error::StoreError;

/// Rows that one statement inserts where there are enough of them.
const AT_ONCE: usize = 16;

/// An insertion of rows of so many columns.
pub(crate) struct Insertion<const COLUMNS: usize> {
    head: &'static str,
    one: OnceLock<String>,
    many: OnceLock<String>,
}

impl<const COLUMNS: usize> Insertion<COLUMNS> {
    /// `head` is all of the statement before the rows; it ends with `values`.
    pub(crate) const fn new(head: &'static str) -> Self {
        Self { head, one: OnceLock::new(), many: OnceLock::new() }
    }

    /// The statement for one row.
    fn one(&'static self) -> &'static str {
        self.one.get_or_init(|| self.text(1))
    }

    /// The statement for [`AT_ONCE`] rows.
    fn many(&'static self) -> &'static str {
        self.many.get_or_init(|| self.text(AT_ONCE))
    }

    fn text(&self, rows: usize) -> String {
        let row = |row: usize| {
            let values = (1..=COLUMNS).map(|column| format!("?{}", row * COLUMNS + column));
            format!("({})", values.collect::<Vec<_>>().join(", "))
        };
        format!("{} {}", self.head, (0..rows).map(row).collect::<Vec<_>>().join(", "))
    }

    /// Inserts the rows.
    pub(crate) async fn run(
        &'static self,
        tx: &Tx<'_>,
        rows: &[[Value<'_>; COLUMNS]],
    ) -> Result<(), StoreError> {
        let (many, rest) = rows.as_chunks::<AT_ONCE>();
        for rows in many {
            tx.execute(self.many(), rows.as_flattened()).await?;
        }
        for row in rest {
            tx.execute(self.one(), row).await?;
        }
        Ok(())
    }

    /// The same for who works with SQLite's connection itself.
    pub(crate) fn prepare<'c>(
        &'static self,
        connection: &'c Connection,
    ) -> Result<Prepared<'c, COLUMNS>, StoreError> {
        let one = connection.prepare_cached(self.one())?;
        Ok(Prepared { one, many: connection.prepare_cached(self.many())? })
    }
}

/// An insertion's statements.
pub(crate) struct Prepared<'c, const COLUMNS: usize> {
    one: CachedStatement<'c>,
    many: CachedStatement<'c>,
}

impl<const COLUMNS: usize> Prepared<'_, COLUMNS> {
    /// Inserts the rows.
    pub(crate) fn run(&mut self, rows: &[[Value<'_>; COLUMNS]]) -> Result<(), StoreError> {
        let (many, rest) = rows.as_chunks::<AT_ONCE>();
        for rows in many {
            self.many.execute(params_from_iter(rows.as_flattened()))?;
        }
        for row in rest {
            self.one.execute(params_from_iter(row))?;
        }
        Ok(())
    }
}
