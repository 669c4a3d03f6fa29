//! `account` and `credential`: who may come in, and with what.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use schema::{ApiToken, Grant};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::row::undecodable;
use crate::access::{Account, PasswordHash, SecretHash};

/// How many credentials of each use one owner has; the oldest one goes first.
const MAX_OF_ONE: i64 = 1000;

/// What a credential is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// The plain API.
    Token,
    /// The pages.
    Session,
    /// GOBii's contract, with one tenant.
    Gobii,
}

impl Use {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Session => "session",
            Self::Gobii => "gobii",
        }
    }
}

/// An account, as logging in needs it.
pub(crate) struct Known {
    pub(crate) password: Option<PasswordHash>,
    pub(crate) grants: Vec<Grant>,
}

pub(crate) async fn account(db: impl PgExecutor<'_>, name: &str) -> sqlx::Result<Option<Known>> {
    let found = sqlx::query!("select password, grants from account where name = $1", name);
    let Some(row) = found.fetch_optional(db).await? else { return Ok(None) };
    let password = row.password.map(PasswordHash::try_from).transpose();
    let password = password.map_err(|error| undecodable(std::io::Error::other(error)))?;
    Ok(Some(Known { password, grants: grants(row.grants)? }))
}

/// Adds an account, or changes of it what is given.
pub(crate) async fn put_account(
    db: impl PgExecutor<'_>,
    name: &str,
    password: Option<&str>,
    grants: Option<&[Grant]>,
) -> sqlx::Result<()> {
    let grants = grants.map(texts);
    sqlx::query!(
        r#"
        insert into account (name, password, grants)
        values ($1, $2, coalesce($3::text[], '{}'))
            on conflict (name) do update
           set password = coalesce($2, account.password),
               grants = coalesce($3::text[], account.grants)
        "#,
        name,
        password,
        grants.as_deref(),
    )
    .execute(db)
    .await
    .map(drop)
}

/// Removes an account with its sessions and tokens; whether there was one.
pub(crate) async fn remove_account(db: impl PgExecutor<'_>, name: &str) -> sqlx::Result<bool> {
    let removed = sqlx::query!(
        r#"
        with revoked as (delete from credential where owner = $1)
        delete from account where name = $1
        "#,
        name,
    );
    Ok(removed.execute(db).await?.rows_affected() > 0)
}

pub(crate) async fn accounts(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Account>> {
    let rows = sqlx::query!(
        r#"
        select name, grants, password is not null as "has_password!" from account order by name
        "#
    );
    let account =
        |(name, texts, has_password)| Ok(Account { name, grants: grants(texts)?, has_password });
    let rows = rows.fetch_all(db).await?.into_iter();
    rows.map(|row| account((row.name, row.grants, row.has_password))).collect()
}

/// Something that will stand for a password.
pub(crate) struct NewCredential<'a> {
    pub(crate) id: Uuid,
    pub(crate) of: Use,
    pub(crate) owner: &'a str,
    pub(crate) secret: SecretHash,
    pub(crate) expires_at: Timestamp,
    pub(crate) tenant: Option<&'a str>,
    pub(crate) label: &'a str,
    pub(crate) grants: &'a [Grant],
}

impl<'a> NewCredential<'a> {
    pub(crate) fn new(of: Use, owner: &'a str, secret: SecretHash, expires_at: Timestamp) -> Self {
        let id = Uuid::now_v7();
        Self { id, of, owner, secret, expires_at, tenant: None, label: "", grants: &[] }
    }
}

/// Writes a credential down; returns how its owner sees it, without the secret.
pub(crate) async fn issue(
    db: impl PgExecutor<'_>,
    new: &NewCredential<'_>,
) -> sqlx::Result<ApiToken> {
    let created_at = sqlx::query_scalar!(
        r#"
        with crowded as (
            delete from credential
             where id in (select id from credential
                           where owner = $4 and use = $3
                           order by id desc
                          offset $9)
        )
        insert into credential (id, secret, use, owner, tenant, label, grants, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict (secret) do update set expires_at = excluded.expires_at
        returning created_at
        "#,
        new.id,
        new.secret.as_bytes(),
        new.of.as_str(),
        new.owner,
        new.tenant,
        new.label,
        &texts(new.grants),
        new.expires_at.to_sqlx() as _,
        MAX_OF_ONE - 1,
    )
    .fetch_one(db)
    .await?;
    Ok(ApiToken {
        id: new.id,
        owner: new.owner.to_owned(),
        label: new.label.to_owned(),
        grants: new.grants.to_vec(),
        created_at: created_at.to_jiff(),
        expires_at: new.expires_at,
        secret: None,
    })
}

/// A credential that is good now.
pub(crate) struct Found {
    pub(crate) id: Uuid,
    pub(crate) owner: String,
    pub(crate) tenant: Option<String>,
    pub(crate) grants: Vec<Grant>,
    /// What the account of its owner says, if there is one.
    pub(crate) account: Option<Vec<Grant>>,
}

/// The credential with this secret, if it is good for this, and now.
pub(crate) async fn find(
    db: impl PgExecutor<'_>,
    of: Use,
    secret: SecretHash,
) -> sqlx::Result<Option<Found>> {
    let row = sqlx::query!(
        r#"
        select credential.id, owner, tenant, credential.grants, account.grants as "account?"
          from credential
          left join account on account.name = owner
         where secret = $1
           and use = $2
           and expires_at > now()
        "#,
        secret.as_bytes(),
        of.as_str(),
    );
    let Some(row) = row.fetch_optional(db).await? else { return Ok(None) };
    let account = row.account.map(grants).transpose()?;
    let grants = grants(row.grants)?;
    Ok(Some(Found { id: row.id, owner: row.owner, tenant: row.tenant, grants, account }))
}

/// Ends a credential, of this owner or of anybody; whether there was one.
pub(crate) async fn revoke(
    db: impl PgExecutor<'_>,
    id: Uuid,
    owner: Option<&str>,
) -> sqlx::Result<bool> {
    let revoked = sqlx::query!(
        "delete from credential where id = $1 and ($2::text is null or owner = $2)",
        id,
        owner,
    );
    Ok(revoked.execute(db).await?.rows_affected() > 0)
}

/// The API tokens that are good now, of this owner or of everybody, newest first.
pub(crate) async fn tokens(
    db: impl PgExecutor<'_>,
    owner: Option<&str>,
) -> sqlx::Result<Vec<ApiToken>> {
    let rows = sqlx::query!(
        r#"
        select id, owner, label, grants, created_at, expires_at
          from credential
         where use = 'token'
           and expires_at > now()
           and ($1::text is null or owner = $1)
         order by id desc
        "#,
        owner,
    );
    let rows = rows.fetch_all(db).await?.into_iter().map(|row| {
        Ok(ApiToken {
            id: row.id,
            owner: row.owner,
            label: row.label,
            grants: grants(row.grants)?,
            created_at: row.created_at.to_jiff(),
            expires_at: row.expires_at.to_jiff(),
            secret: None,
        })
    });
    rows.collect()
}

/// Forgets what is not good any more.
pub(crate) async fn forget_expired(db: impl PgExecutor<'_>) -> sqlx::Result<u64> {
    let gone = sqlx::query!("delete from credential where expires_at <= now()");
    Ok(gone.execute(db).await?.rows_affected())
}

fn texts(grants: &[Grant]) -> Vec<String> {
    grants.iter().map(Grant::to_string).collect()
}

fn grants(texts: Vec<String>) -> sqlx::Result<Vec<Grant>> {
    texts.into_iter().map(|text| text.parse().map_err(undecodable)).collect()
}
