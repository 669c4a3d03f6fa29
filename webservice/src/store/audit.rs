//! `audit`: who did what; only ever added to.

use schema::{AuditEntry, AuditFilter};
use sqlx::PgExecutor;

use super::row::{storable, undecodable};
use crate::access::Deed;

/// Writes down what was done.
pub(crate) async fn add(db: impl PgExecutor<'_>, deeds: &[Deed]) -> sqlx::Result<()> {
    let column = |of: fn(&Deed) -> Option<String>| {
        deeds.iter().map(|deed| of(deed).map(|text| storable(&text))).collect::<Vec<_>>()
    };
    let allowed: Vec<_> = deeds.iter().map(|deed| deed.allowed).collect();
    sqlx::query!(
        r#"
        insert into audit (actor, origin, action, object, tenant, allowed, detail)
        select actor, origin, action, object, tenant, allowed, detail::json
          from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::text[])
               as deed (actor, origin, action, object, tenant, allowed, detail)
        "#,
        &column(|deed| deed.actor.clone()) as _,
        &column(|deed| deed.origin.map(|origin| origin.to_string())) as _,
        &column(|deed| Some(deed.action.to_owned())) as _,
        &column(|deed| deed.object.clone()) as _,
        &column(|deed| deed.tenant.clone()) as _,
        &allowed,
        &column(|deed| deed.detail.as_ref().map(ToString::to_string)) as _,
    )
    .execute(db)
    .await
    .map(drop)
}

/// A page of the audit, newest first.
pub(crate) async fn list(
    db: impl PgExecutor<'_>,
    filter: &AuditFilter,
    limit: i64,
) -> sqlx::Result<Vec<AuditEntry>> {
    let rows = sqlx::query!(
        r#"
        select id, at, actor, origin, action, object, tenant, allowed, detail::text
          from audit
         where ($1::bigint is null or id < $1)
           and ($2::text is null or actor = $2)
           and ($3::text is null or action = $3)
           and ($4::text is null or object = $4)
           and ($5::bool is null or allowed = $5)
         order by id desc
         limit $6
        "#,
        filter.after,
        filter.actor,
        filter.action,
        filter.object,
        filter.allowed,
        limit,
    );
    let rows = rows.fetch_all(db).await?.into_iter().map(|row| {
        let detail = row.detail.as_deref().map(serde_json::from_str).transpose();
        Ok(AuditEntry {
            id: row.id,
            at: row.at.to_jiff(),
            actor: row.actor,
            origin: row.origin,
            action: row.action,
            object: row.object,
            tenant: row.tenant,
            allowed: row.allowed,
            detail: detail.map_err(undecodable)?,
        })
    });
    rows.collect()
}
