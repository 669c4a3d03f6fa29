//! `GET names/{entity}`: what fills the lists of the desktop client.

use serde::Serialize;

use super::{
    backend::Backend,
    crop::Crop,
    envelope::{Item, Reply},
    facade::Facade,
    path::Query,
};

/// What the generations of clients call the entity of terms.
const TERMS: [&str; 3] = ["cvterms", "cv", "cvs"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NameIdDto<'a> {
    allowed_process_types: [&'static str; 0],
    id: i64,
    name: &'a str,
}

/// The configured terms of a group, or of all; of other entities nothing is known here.
pub(super) fn list<B: Backend>(
    facade: &Facade<B>,
    crop: &Crop,
    entity: &str,
    query: &Query,
) -> Reply {
    if !TERMS.contains(&entity.to_lowercase().as_str()) {
        return Reply::found([]);
    }
    let all = query.get("filterType").is_empty();
    let wanted = |group: &str| all || group.eq_ignore_ascii_case(query.get("filterValue"));
    let groups = facade.config.cv_terms.iter().filter(|(group, _)| wanted(group));
    let mut terms: Vec<_> = groups.flat_map(|(_, terms)| terms).collect();
    terms.sort_by_key(|&(_, &id)| id);
    Reply::found(terms.into_iter().map(|(name, &id)| {
        let href = crop.href(format_args!("cvs/{id}"));
        let dto = NameIdDto { allowed_process_types: [], id, name };
        Item::new(&dto).linked("NameIdDTO", id, href, &[])
    }))
}
