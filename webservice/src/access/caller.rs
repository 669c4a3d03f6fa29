//! Who calls.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use schema::{Grant, NodeId, Role, Tenants};
use uuid::Uuid;

use crate::{error::ApiError, peers::Service};

/// Who calls, as far as was found out; asked by whoever is about to do something.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    who: Arc<Who>,
    origin: Option<IpAddr>,
}

#[derive(Debug)]
enum Who {
    /// The service is open to all.
    Anybody,
    /// A digester service. One that is known by name sees what it has, and nothing else.
    Service(Service),
    /// Somebody who did not say who they are.
    Stranger { grants: Vec<Grant> },
    /// Somebody known.
    User(User),
}

/// Somebody known, and what they may do now.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) grants: Vec<Grant>,
    /// What bounds the grants: a token's scope.
    pub(super) within: Option<Vec<Grant>>,
    /// The session of a browser.
    pub(super) session: Option<Uuid>,
}

impl Caller {
    pub(super) fn anybody(origin: Option<IpAddr>) -> Self {
        Self { who: Arc::new(Who::Anybody), origin }
    }

    pub(super) fn service(service: Service, origin: Option<IpAddr>) -> Self {
        Self { who: Arc::new(Who::Service(service)), origin }
    }

    pub(super) fn stranger(grants: Vec<Grant>, origin: Option<IpAddr>) -> Self {
        Self { who: Arc::new(Who::Stranger { grants }), origin }
    }

    pub(super) fn user(user: User, origin: Option<IpAddr>) -> Self {
        Self { who: Arc::new(Who::User(user)), origin }
    }

    /// The name of a known user.
    pub(crate) fn name(&self) -> Option<&str> {
        match &*self.who {
            Who::User(user) => Some(&user.name),
            Who::Service(_) => Some("digester service"),
            Who::Anybody | Who::Stranger { .. } => None,
        }
    }

    /// The digester service that it is known to be, by its own key.
    pub(crate) fn node(&self) -> Option<&NodeId> {
        match &*self.who {
            Who::Service(Service::Node(node)) => Some(node),
            _ => None,
        }
    }

    /// Whether it is a known user, and not one of the services.
    pub(crate) fn is_user(&self) -> bool {
        matches!(*self.who, Who::User(_))
    }

    /// What they may do at most; a token's bearer no more than its scope.
    pub(crate) fn grants(&self) -> Vec<Grant> {
        match &*self.who {
            Who::Anybody => vec![Grant::ALL],
            Who::Service(_) => Vec::new(),
            Who::Stranger { grants } => grants.clone(),
            Who::User(User { grants, within, .. }) => within.as_ref().unwrap_or(grants).clone(),
        }
    }

    /// The name of a known user, unless they may speak for others.
    pub(crate) fn speaks_as(&self, tenant: Option<&str>) -> Option<&str> {
        match &*self.who {
            Who::User(user) if !self.may(Role::Admin, tenant) => Some(&user.name),
            _ => None,
        }
    }

    /// The session of a browser.
    pub(crate) fn session(&self) -> Option<Uuid> {
        match &*self.who {
            Who::User(user) => user.session,
            _ => None,
        }
    }

    /// The address they came from.
    pub(crate) fn origin(&self) -> Option<IpAddr> {
        self.origin
    }

    /// Whether they may do this; `None` is what belongs to no tenant.
    pub(crate) fn may(&self, role: Role, tenant: Option<&str>) -> bool {
        let allow = |grants: &[Grant]| grants.iter().any(|grant| grant.allows(role, tenant));
        match &*self.who {
            Who::Anybody => true,
            Who::Service(service) => *service == Service::Any && role == Role::Read,
            Who::Stranger { grants } => allow(grants),
            Who::User(User { grants, within, .. }) => {
                allow(grants) && within.as_deref().is_none_or(allow)
            }
        }
    }

    /// With which tenants they may do this.
    pub(crate) fn tenants(&self, role: Role) -> Tenants {
        let of = |grants: &[Grant]| {
            let none = Tenants::Only(Vec::new());
            grants.iter().fold(none, |all, grant| all.or(grant.tenants(role)))
        };
        match &*self.who {
            Who::Anybody => Tenants::All,
            Who::Service(Service::Any) if role == Role::Read => Tenants::All,
            Who::Service(_) => Tenants::Only(Vec::new()),
            Who::Stranger { grants } => of(grants),
            Who::User(User { grants, within, .. }) => match within {
                Some(within) => of(grants).and(of(within)),
                None => of(grants),
            },
        }
    }

    /// Whether they may do this somewhere.
    pub(crate) fn may_somewhere(&self, role: Role) -> bool {
        self.tenants(role) != Tenants::Only(Vec::new())
    }

    /// Refuses who may not do this.
    pub(crate) fn demand(&self, role: Role, tenant: Option<&str>) -> Result<(), ApiError> {
        if self.may(role, tenant) { Ok(()) } else { Err(self.refused(role, tenant)) }
    }

    /// Refuses who may do this nowhere.
    pub(crate) fn demand_somewhere(&self, role: Role) -> Result<(), ApiError> {
        if self.may_somewhere(role) { Ok(()) } else { Err(self.refused(role, None)) }
    }

    fn refused(&self, role: Role, tenant: Option<&str>) -> ApiError {
        match &*self.who {
            Who::Stranger { .. } => ApiError::Unknown,
            _ => ApiError::NotAllowed { role, tenant: tenant.map(str::to_owned) },
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let caller = parts.extensions.get().cloned();
        Ok(caller.expect("callers are identified before handlers are asked"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(texts: &[&str]) -> Vec<Grant> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn user(has: &[&str], within: Option<&[&str]>) -> Caller {
        let within = within.map(grants);
        let user = User { name: "ann".into(), grants: grants(has), within, session: None };
        Caller::user(user, None)
    }

    #[test]
    fn a_token_allows_no_more_than_its_scope_and_no_more_than_its_owner_may() {
        let caller = user(&["submit:rice", "read:maize"], Some(&["submit:maize", "read:rice"]));
        assert!(caller.may(Role::Read, Some("rice")) && caller.may(Role::Read, Some("maize")));
        assert!(
            !caller.may(Role::Submit, Some("rice")) && !caller.may(Role::Submit, Some("maize"))
        );
        let both = Tenants::Only(vec!["maize".into(), "rice".into()]);
        assert_eq!(caller.tenants(Role::Read), both);
    }

    #[test]
    fn a_stranger_is_asked_for_a_name_and_a_known_user_is_refused() {
        let stranger = Caller::stranger(grants(&["read:rice"]), None);
        assert!(stranger.demand(Role::Read, Some("rice")).is_ok());
        assert!(matches!(stranger.demand(Role::Submit, Some("rice")), Err(ApiError::Unknown)));
        let refused = user(&["read:rice"], None).demand(Role::Submit, Some("rice"));
        assert!(matches!(refused, Err(ApiError::NotAllowed { .. })));
    }

    #[test]
    fn only_who_administers_a_tenant_speaks_for_others_there() {
        assert_eq!(user(&["submit:rice"], None).speaks_as(Some("rice")), Some("ann"));
        assert_eq!(user(&["admin:rice"], None).speaks_as(Some("rice")), None);
        assert_eq!(user(&["admin:rice"], None).speaks_as(Some("maize")), Some("ann"));
        assert_eq!(Caller::anybody(None).speaks_as(None), None);
    }
}
