//! What operators ask for and the server does bit by bit: imports of users, and exports of one user's data.
//!
//! A job is claimed for a while by a worker, whose every step renews the claim in the step's own transaction. So a
//! worker that lost its claim changes nothing any more, and one that dies is followed by another.

use nuncio_protocol::ids::AppId;
use nuncio_protocol::{Origin, Refusal, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::apps::{self, words};
use crate::audit::{self, Act};
use crate::engine::{Row, Store, Tx, params};
use crate::error::StoreError;
use crate::{exports, users};

/// For so long a claim is good without a step.
const LEASE_MS: i64 = 60_000;
/// Jobs of one kind that an app may have that are not over.
const OPEN: i64 = 3;
/// Jobs of one kind that are listed; and exports that an app may have at all.
const KEPT: i64 = 20;
/// Parts that one transaction deletes.
const STEP: i64 = 20;

/// What is to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Users out of a file.
    Import,
    /// All that is held about a user, into a file.
    Export,
}
words!(Kind { Import = "import", Export = "export" });

/// How far it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Its input comes in.
    Uploading,
    /// Its input is looked through.
    Checking,
    /// It may be run.
    Checked,
    /// It is done now.
    Running,
    /// It is over, and was done.
    Done,
    /// It is over, and was not done to the end.
    Cancelled,
    /// It is over, and could not be done; its progress says why.
    Failed,
}
words!(State {
    Uploading = "uploading",
    Checking = "checking",
    Checked = "checked",
    Running = "running",
    Done = "done",
    Cancelled = "cancelled",
    Failed = "failed"
});

impl State {
    /// Whether nothing will come any more.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled | Self::Failed)
    }
}

/// A piece of a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// What it was given.
    Input,
    /// What the look through its input gave.
    Checked,
    /// What was done.
    Done,
}
words!(Part { Input = "input", Checked = "checked", Done = "done" });

/// A job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Whose users it is about.
    pub app: AppId,
    /// Names it within the app.
    pub id: String,
    /// What is to be done.
    pub kind: Kind,
    /// The file's name, or the user's id.
    pub about: String,
    /// How far it is.
    pub state: State,
    /// Where exactly, in JSON of the kind's own.
    pub progress: String,
    /// Who asked for it.
    pub origin: Origin,
    /// When.
    pub created_at: Timestamp,
    /// When it was over; 0 while it is not.
    pub finished_at: Timestamp,
}

/// What one step changes.
#[derive(Debug)]
pub struct Step {
    /// The new state.
    pub state: State,
    /// The new progress.
    pub progress: String,
    /// Pieces that it adds, with their numbers.
    pub parts: Vec<(Part, i64, Vec<u8>)>,
}

macro_rules! select_jobs {
    ($tail:literal) => {
        concat!(
            "select app, id, kind, about, state, progress, operator, address, request_id, created_at,
                    finished_at
             from jobs ",
            $tail
        )
    };
}

fn read_job(row: &Row<'_>) -> Result<Job, StoreError> {
    let corrupt = |error: String| StoreError::corrupt("job", error);
    let address: String = row.get(7)?;
    Ok(Job {
        app: row.get(0)?,
        id: row.get(1)?,
        kind: row.get::<String>(2)?.parse().map_err(corrupt)?,
        about: row.get(3)?,
        state: row.get::<String>(4)?.parse().map_err(corrupt)?,
        progress: row.get(5)?,
        origin: Origin::operator(row.get(6)?, address.parse().ok(), row.get(8)?),
        created_at: row.get(9)?,
        finished_at: row.get(10)?,
    })
}

pub(crate) async fn find(tx: &Tx<'_>, app: AppId, id: &str) -> Result<Job, StoreError> {
    let job =
        tx.opt(select_jobs!("where app = ?1 and id = ?2"), params![app, id], read_job).await?;
    job.ok_or_else(|| gone().into())
}

pub(crate) fn gone() -> Refusal {
    Refusal::NotNow("there is no such job any more".to_owned())
}

pub(crate) async fn put(
    tx: &Tx<'_>,
    app: AppId,
    id: &str,
    step: &Step,
    now: Timestamp,
) -> Result<(), StoreError> {
    let finished_at = if step.state.is_over() { now } else { Timestamp(0) };
    tx.execute(
        "update jobs set state = ?3, progress = ?4, finished_at = ?5, lease_until = ?6
         where app = ?1 and id = ?2",
        params![
            app,
            id,
            step.state.word(),
            &step.progress,
            finished_at,
            // Who works on it goes on; who waits for it to be worked on need not wait for a claim to end.
            now.plus_ms(LEASE_MS),
        ],
    )
    .await?;
    for (kind, no, data) in &step.parts {
        tx.execute(
            "insert into job_parts (app, job, kind, no, data) values (?1, ?2, ?3, ?4, ?5)
             on conflict (app, job, kind, no) do update set data = excluded.data",
            params![app, id, kind.word(), *no, data.as_slice()],
        )
        .await?;
    }
    Ok(())
}

/// Fails unless `lease` has the claim on the job.
pub(crate) async fn claimed(
    tx: &Tx<'_>,
    app: AppId,
    id: &str,
    lease: &str,
) -> Result<(), StoreError> {
    let held = tx
        .execute(
            "update jobs set lease = lease where app = ?1 and id = ?2 and lease = ?3
               and state in ('checking', 'running')",
            params![app, id, lease],
        )
        .await?;
    if held == 0 {
        return Err(Refusal::NotNow("somebody else goes on with it".to_owned()).into());
    }
    Ok(())
}

impl Store {
    /// Takes a job in. Refused when too many of the kind are not over, and for an export of a user who is not
    /// registered.
    pub async fn add_job(&self, job: Job) -> Result<(), StoreError> {
        self.write(Vec::new(), async move |tx| {
            apps::by_id(tx, job.app).await?;
            let kind = job.kind.word();
            let open = tx
                .count(
                    "select count(*) from jobs where app = ?1 and kind = ?2 and finished_at = 0",
                    params![job.app, kind],
                )
                .await?;
            if i64::try_from(open).unwrap_or(i64::MAX) >= OPEN {
                let sentence = format!("{OPEN} are not over yet: wait for one, or cancel it");
                return Err(Refusal::NotNow(sentence).into());
            }
            let Origin { actor, address, request_id } = &job.origin;
            let address = address.map(|address| address.to_string()).unwrap_or_default();
            tx.execute(
                "insert into jobs (app, id, kind, about, state, progress, operator, address, request_id,
                                   created_at)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![
                    job.app,
                    &job.id,
                    kind,
                    &job.about,
                    job.state.word(),
                    &job.progress,
                    actor.name(),
                    &address,
                    request_id.as_deref().unwrap_or_default(),
                    job.created_at,
                ],
            )
            .await?;
            match job.kind {
                Kind::Import => {
                    let about = json!({ "job": job.id, "about": job.about });
                    audit::note(tx, Act::on_app("user.import", job.app, job.created_at), &about);
                }
                Kind::Export => {
                    let user = exports::whose(&job)?;
                    // Everything that was sent until now is in it.
                    tx.all_filed()?;
                    let sql = "select count(*) from jobs where app = ?1 and kind = ?2";
                    let kept = tx.count(sql, params![job.app, kind]).await?;
                    if i64::try_from(kept).unwrap_or(i64::MAX) > KEPT {
                        let sentence = format!("{KEPT} are kept already: delete one");
                        return Err(Refusal::NotNow(sentence).into());
                    }
                    users::all_registered(tx, job.app, std::slice::from_ref(&user)).await?;
                    let act = Act::on_user("user.export", job.app, &user, job.created_at);
                    audit::note(tx, act, &json!({ "job": job.id }));
                }
            }
            Ok(())
        })
        .await
    }

    /// A job of an app.
    pub async fn job(&self, app: AppId, kind: Kind, id: String) -> Result<Job, StoreError> {
        let job = self.read(async move |tx| find(tx, app, &id).await).await?;
        if job.kind == kind { Ok(job) } else { Err(gone().into()) }
    }

    /// An app's jobs of a kind, the newest first.
    pub async fn jobs(&self, app: AppId, kind: Kind) -> Result<Vec<Job>, StoreError> {
        self.read(async move |tx| {
            let sql =
                select_jobs!("where app = ?1 and kind = ?2 order by created_at desc limit ?3");
            tx.all(sql, params![app, kind.word(), KEPT], read_job).await
        })
        .await
    }

    /// Changes a job that nobody works on: `change` gets it as it is, and says what shall be another, or why that
    /// cannot be.
    pub async fn change_job(
        &self,
        app: AppId,
        id: String,
        now: Timestamp,
        change: impl Fn(&Job) -> Result<Step, Refusal> + Send + 'static,
    ) -> Result<Job, StoreError> {
        self.write(Vec::new(), async move |tx| {
            // Locks the row: two changes at once follow each other. Whoever worked on it has lost the claim.
            tx.execute("update jobs set lease = '' where app = ?1 and id = ?2", params![app, &id])
                .await?;
            let step = change(&find(tx, app, &id).await?)?;
            put(tx, app, &id, &step, now).await?;
            tx.execute(
                "update jobs set lease_until = 0 where app = ?1 and id = ?2",
                params![app, &id],
            )
            .await?;
            find(tx, app, &id).await
        })
        .await
    }

    /// Claims a job that is to be worked on, if there is one that nobody works on.
    pub async fn claim_job(
        &self,
        kind: Kind,
        lease: String,
        now: Timestamp,
    ) -> Result<Option<Job>, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let next: Option<(AppId, String)> = tx
                .opt(
                    "select app, id from jobs
                     where state in ('checking', 'running') and lease_until <= ?1 and kind = ?2
                     order by lease_until, created_at limit 1",
                    params![now, kind.word()],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .await?;
            let Some((app, id)) = next else { return Ok(None) };
            let claimed = tx
                .execute(
                    "update jobs set lease = ?3, lease_until = ?4
                     where app = ?1 and id = ?2 and lease_until <= ?5
                       and state in ('checking', 'running')",
                    params![app, &id, &lease, now.plus_ms(LEASE_MS), now],
                )
                .await?;
            if claimed == 0 { Ok(None) } else { find(tx, app, &id).await.map(Some) }
        })
        .await
    }

    /// Makes a step of a job that `lease` has the claim on.
    pub async fn step_job(
        &self,
        job: &Job,
        lease: String,
        step: Step,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (app, id) = (job.app, job.id.clone());
        self.write(Vec::new(), async move |tx| {
            claimed(tx, app, &id, &lease).await?;
            put(tx, app, &id, &step, now).await
        })
        .await
    }

    /// Pieces of a job from number `from` on, at most `limit`.
    pub async fn job_parts(
        &self,
        app: AppId,
        id: String,
        part: Part,
        from: i64,
        limit: i64,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(async move |tx| {
            tx.all(
                "select data from job_parts where app = ?1 and job = ?2 and kind = ?3 and no >= ?4
                 order by no limit ?5",
                params![app, &id, part.word(), from, limit],
                |row| row.get(0),
            )
            .await
        })
        .await
    }

    /// Lets go of jobs that were begun before `before`, and of their pieces, some at a time. Returns how many rows;
    /// none: there are no more.
    pub async fn prune_jobs(&self, kind: Kind, before: Timestamp) -> Result<u64, StoreError> {
        self.write(Vec::new(), async move |tx| {
            let old: Option<(AppId, String)> = tx
                .opt(
                    "select app, id from jobs where created_at < ?1 and kind = ?2
                     order by created_at limit 1",
                    params![before, kind.word()],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .await?;
            let Some((app, id)) = old else { return Ok(0) };
            let gone = tx
                .execute(
                    "delete from job_parts where app = ?1 and job = ?2 and (kind, no) in
                         (select kind, no from job_parts where app = ?1 and job = ?2 limit ?3)",
                    params![app, &id, STEP],
                )
                .await?;
            if gone > 0 {
                return Ok(gone);
            }
            tx.execute("delete from jobs where app = ?1 and id = ?2", params![app, &id]).await
        })
        .await
    }
}
