//! Operators: who works with the console, on which apps, and the one-time links that let them in first.

use std::fmt;

use nuncio_protocol::ids::{AppId, OperatorName};
use nuncio_protocol::{Refusal, Timestamp};
use serde_json::{Value, json};

use crate::apps::words;
use crate::audit::{self, Act, INSTALLATION};
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
use crate::operator_secrets;
use crate::operator_sessions::{self, NewSession};

/// What an operator may do. Each role may do what those before it may.
#[derive(
    Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Acts on users.
    Support,
    /// Sets features, webhooks and secrets up.
    Developer,
    /// Decides about apps and operators.
    Owner,
}
words!(Role { Viewer = "viewer", Support = "support", Developer = "developer", Owner = "owner" });

/// The SHA-256 of a secret that somebody else holds.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct SecretHash(pub [u8; 32]);

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash")
    }
}

/// An operator's number.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct OperatorId(pub i64);

/// A role on one app, or on all of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Grant {
    /// The app; `None` for all, those to come among them.
    pub app: Option<AppId>,
    /// What may be done there.
    pub role: Role,
}

/// An operator's record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Operator {
    /// Its number.
    pub id: OperatorId,
    /// The name to sign in with.
    pub name: OperatorName,
    /// The password's hash, as a PHC string; empty until one is set.
    pub password: String,
    /// The sealed secret of the second factor, when there is one.
    pub second_factor: Option<Vec<u8>>,
    /// The one that is being set up.
    pub second_factor_next: Option<Vec<u8>>,
    /// How many recovery codes are left.
    pub recovery_left: usize,
    /// When the one-time link that is out ends; `None` when none is.
    pub link_expires_at: Option<Timestamp>,
    /// When the operator was added.
    pub created_at: Timestamp,
    /// When the operator last signed in.
    pub last_seen_at: Timestamp,
    /// The roles.
    pub grants: Vec<Grant>,
}

impl Operator {
    /// The role on an app: the higher one of that app's own and that on all apps.
    #[must_use]
    pub fn role_on(&self, app: AppId) -> Option<Role> {
        let means = |grant: &&Grant| grant.app.is_none_or(|granted| granted == app);
        self.grants.iter().filter(means).map(|grant| grant.role).max()
    }

    /// The role on all apps.
    #[must_use]
    pub fn role_on_all(&self) -> Option<Role> {
        self.grants.iter().find(|grant| grant.app.is_none()).map(|grant| grant.role)
    }
}

/// A one-time link that is to be given out.
#[derive(Clone, Copy, Debug)]
pub struct NewLink {
    /// The hash of its token.
    pub hash: SecretHash,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A query for operators; its tail says which.
macro_rules! select_operator {
    ($tail:literal) => {
        concat!(
            "select id, name, password, second_factor, second_factor_next, recovery,
                    link_expires_at, created_at, last_seen_at
             from operators ",
            $tail
        )
    };
}

fn read_operator(row: &Row<'_>) -> Result<Operator, StoreError> {
    let name: String = row.get(1)?;
    let link_expires_at: Timestamp = row.get(6)?;
    Ok(Operator {
        id: OperatorId(row.get(0)?),
        name: OperatorName::try_from(name).map_err(|e| StoreError::corrupt("operator", e))?,
        password: row.get(2)?,
        second_factor: row.get(3)?,
        second_factor_next: row.get(4)?,
        recovery_left: operator_secrets::recovery(&row.get::<String>(5)?)?.len(),
        link_expires_at: (link_expires_at.0 > 0).then_some(link_expires_at),
        created_at: row.get(7)?,
        last_seen_at: row.get(8)?,
        grants: Vec::new(),
    })
}

async fn with_grants(
    tx: &Tx<'_>,
    operator: Option<Operator>,
) -> Result<Option<Operator>, StoreError> {
    let Some(mut operator) = operator else { return Ok(None) };
    operator.grants = tx
        .all(
            "select app, role from operator_grants where operator = ?1 order by app",
            params![operator.id.0],
            |row| {
                let app: i64 = row.get(0)?;
                let role: String = row.get(1)?;
                let role = role.parse().map_err(|e| StoreError::corrupt("role", e))?;
                Ok(Grant { app: (app != 0).then_some(AppId(app)), role })
            },
        )
        .await?;
    Ok(Some(operator))
}

pub(crate) async fn by_id(tx: &Tx<'_>, id: OperatorId) -> Result<Option<Operator>, StoreError> {
    let found = tx.opt(select_operator!("where id = ?1"), params![id.0], read_operator).await?;
    with_grants(tx, found).await
}

async fn by_name(tx: &Tx<'_>, name: &OperatorName) -> Result<Option<Operator>, StoreError> {
    let sql = select_operator!("where name = ?1");
    let found = tx.opt(sql, params![name.as_str()], read_operator).await?;
    with_grants(tx, found).await
}

async fn named(tx: &Tx<'_>, name: &OperatorName) -> Result<Operator, StoreError> {
    by_name(tx, name)
        .await?
        .ok_or_else(|| Refusal::BadParameter(format!("there is no operator `{name}`")).into())
}

async fn by_link(tx: &Tx<'_>, hash: SecretHash, now: Timestamp) -> Result<Operator, StoreError> {
    let sql = select_operator!("where link = ?1 and link_expires_at > ?2");
    let found = tx.opt(sql, params![hash.0.as_slice(), now], read_operator).await?;
    with_grants(tx, found).await?.ok_or(StoreError::Refused(Refusal::LinkVoid))
}

async fn grant(tx: &Tx<'_>, operator: OperatorId, grants: &[Grant]) -> Result<(), StoreError> {
    tx.execute("delete from operator_grants where operator = ?1", params![operator.0]).await?;
    for grant in grants {
        tx.execute(
            "insert into operator_grants (operator, app, role) values (?1, ?2, ?3)",
            params![operator.0, grant.app.map_or(0, |app| app.0), grant.role.word()],
        )
        .await?;
    }
    Ok(())
}

async fn insert(
    tx: &Tx<'_>,
    name: &OperatorName,
    grants: &[Grant],
    link: NewLink,
    now: Timestamp,
) -> Result<OperatorId, StoreError> {
    let id =
        tx.one("select coalesce(max(id), 0) + 1 from operators", &[], |row| row.get(0)).await?;
    let id = OperatorId(id);
    tx.execute(
        "insert into operators (id, name, link, link_expires_at, created_at)
         values (?1, ?2, ?3, ?4, ?5)",
        params![id.0, name.as_str(), link.hash.0.as_slice(), link.expires_at, now],
    )
    .await?;
    grant(tx, id, grants).await?;
    Ok(id)
}

/// Fails when nobody would be left who can sign in and decides about everything.
async fn an_owner_remains(tx: &Tx<'_>) -> Result<(), StoreError> {
    let remains = tx
        .exists(
            "select 1 from operator_grants g join operators o on o.id = g.operator
             where g.app = 0 and g.role = 'owner' and o.password <> ''",
            &[],
        )
        .await?;
    if remains {
        return Ok(());
    }
    let sentence = "nobody would be left who owns all apps: make somebody else an owner first";
    Err(Refusal::NotNow(sentence.to_owned()).into())
}

impl Store {
    /// Gives out a link to whoever shall be the first owner of all apps, in place of an earlier one. Does
    /// nothing, and says `false`, once somebody who owns all apps has a password.
    pub async fn invite_first_owner(
        &self,
        name: OperatorName,
        link: NewLink,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(Vec::new(), async move |tx| {
            if an_owner_remains(tx).await.is_ok() {
                return Ok(false);
            }
            let waiting: Option<i64> = tx
                .opt(
                    "select o.id from operators o join operator_grants g on g.operator = o.id
                     where g.app = 0 and g.role = 'owner' order by o.id limit 1",
                    &[],
                    |row| row.get(0),
                )
                .await?;
            if let Some(id) = waiting {
                set_link(tx, OperatorId(id), link).await?;
            } else {
                let all = Grant { app: None, role: Role::Owner };
                insert(tx, &name, &[all], link, now).await?;
            }
            Ok(true)
        })
        .await
    }

    /// Whom a one-time link is for, and whether that is the first of all operators.
    pub async fn operator_of_link(
        &self,
        link: SecretHash,
        now: Timestamp,
    ) -> Result<(Operator, bool), StoreError> {
        self.read(async move |tx| {
            let operator = by_link(tx, link, now).await?;
            let first = an_owner_remains(tx).await.is_err();
            Ok((operator, first))
        })
        .await
    }

    /// Sets the password of whom a one-time link is for, and signs in. The link is used up. Only the first of
    /// all operators may choose a name.
    pub async fn redeem_link(
        &self,
        link: SecretHash,
        name: Option<OperatorName>,
        password: String,
        session: NewSession,
        now: Timestamp,
    ) -> Result<Operator, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let operator = by_link(tx, link, now).await?;
            let first = an_owner_remains(tx).await.is_err();
            let name = name.as_ref().filter(|_| first).unwrap_or(&operator.name);
            if let Some(other) = by_name(tx, name).await?
                && other.id != operator.id
            {
                let sentence = format!("there is an operator `{name}` already");
                return Err(Refusal::BadParameter(sentence).into());
            }
            tx.execute(
                "update operators set name = ?2, password = ?3, link = null, link_expires_at = 0,
                                      last_seen_at = ?4
                 where id = ?1",
                params![operator.id.0, name.as_str(), &password, now],
            )
            .await?;
            note(tx, "operator.redeem_link", name, &operator.grants, &operator.grants, now).await?;
            operator_sessions::close_all(tx, operator.id).await?;
            operator_sessions::open(tx, operator.id, &session, now).await?;
            by_id(tx, operator.id).await?.ok_or(StoreError::Refused(Refusal::LinkVoid))
        })
        .await
    }

    /// Adds an operator, who is to set a password by a one-time link. Refused when the name is taken.
    pub async fn invite_operator(
        &self,
        name: OperatorName,
        grants: Vec<Grant>,
        link: NewLink,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            if by_name(tx, &name).await?.is_some() {
                let sentence = format!("there is an operator `{name}` already");
                return Err(Refusal::BadParameter(sentence).into());
            }
            insert(tx, &name, &grants, link, now).await?;
            note(tx, "operator.invite", &name, &[], &grants, now).await?;
            Ok(())
        })
        .await
    }

    /// Gives an operator a new one-time link. Password, second factor and sessions are void from now on.
    pub async fn renew_link(
        &self,
        name: OperatorName,
        link: NewLink,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            let operator = named(tx, &name).await?;
            tx.execute(
                "update operators set password = '', second_factor = null,
                                      second_factor_next = null, second_factor_step = 0,
                                      recovery = '[]'
                 where id = ?1",
                params![operator.id.0],
            )
            .await?;
            set_link(tx, operator.id, link).await?;
            note(tx, "operator.new_link", &name, &operator.grants, &operator.grants, now).await?;
            operator_sessions::close_all(tx, operator.id).await
        })
        .await
    }

    /// Sets an operator's roles. Refused when nobody would be left who owns all apps.
    pub async fn set_grants(
        &self,
        name: OperatorName,
        grants: Vec<Grant>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            let operator = named(tx, &name).await?;
            grant(tx, operator.id, &grants).await?;
            note(tx, "operator.set_grants", &name, &operator.grants, &grants, now).await?;
            an_owner_remains(tx).await
        })
        .await
    }

    /// Removes an operator. Refused when nobody would be left who owns all apps.
    pub async fn remove_operator(
        &self,
        name: OperatorName,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            let operator = named(tx, &name).await?;
            grant(tx, operator.id, &[]).await?;
            operator_sessions::close_all(tx, operator.id).await?;
            tx.execute("delete from operators where id = ?1", params![operator.id.0]).await?;
            note(tx, "operator.remove", &name, &operator.grants, &[], now).await?;
            an_owner_remains(tx).await
        })
        .await
    }

    /// The operator with this name.
    pub async fn operator(&self, name: OperatorName) -> Result<Option<Operator>, StoreError> {
        self.read(async move |tx| by_name(tx, &name).await).await
    }

    /// All operators, by name.
    pub async fn operators(&self) -> Result<Vec<Operator>, StoreError> {
        self.read(async |tx| {
            let ids = tx
                .all("select id from operators order by name", &[], |row| row.get::<i64>(0))
                .await?;
            let mut all = Vec::with_capacity(ids.len());
            for id in ids {
                all.extend(by_id(tx, OperatorId(id)).await?);
            }
            Ok(all)
        })
        .await
    }
}

/// Notes what became of an operator in the installation's chain.
async fn note(
    tx: &mut Tx<'_>,
    operation: &'static str,
    name: &OperatorName,
    before: &[Grant],
    after: &[Grant],
    now: Timestamp,
) -> Result<(), StoreError> {
    let before = json!({ "grants": noted(tx, before).await? });
    let after = json!({ "operator": name.as_str(), "grants": noted(tx, after).await? });
    audit::note_change(tx, Act::on_app(operation, INSTALLATION, now), before, after);
    Ok(())
}

/// Grants as the trail has them: apps by the keys that people know them by.
async fn noted(tx: &Tx<'_>, grants: &[Grant]) -> Result<Vec<Value>, StoreError> {
    let mut noted = Vec::with_capacity(grants.len());
    for grant in grants {
        let key: Option<String> = match grant.app {
            Some(app) => {
                let sql = "select app_key from apps where id = ?1";
                tx.opt(sql, params![app], |row| row.get(0)).await?
            }
            None => None,
        };
        noted.push(json!({ "appKey": key, "role": grant.role }));
    }
    Ok(noted)
}

async fn set_link(tx: &Tx<'_>, id: OperatorId, link: NewLink) -> Result<(), StoreError> {
    tx.execute(
        "update operators set link = ?2, link_expires_at = ?3 where id = ?1",
        params![id.0, link.hash.0.as_slice(), link.expires_at],
    )
    .await
    .map(drop)
}
