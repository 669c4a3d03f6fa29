//! Who may ask for changes from within a browser.

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderName,
        header::{HOST, ORIGIN},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use edge::Answer;
use schema::ProblemKind;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a change that the page of some other site asks for: a browser sends it in the name of
/// whoever looks at that page, with their session.
///
/// Programs that are no browsers say nothing of where a request comes from, and are not meant.
pub(crate) async fn refuse_foreign(request: Request, next: Next) -> Response {
    if request.method().is_safe() || !is_foreign(request.headers()) {
        return next.run(request).await;
    }
    let detail = "a page of another site may not change anything here";
    Answer::new(ProblemKind::Forbidden, detail).into_response()
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let header = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (header(SEC_FETCH_SITE), header(ORIGIN)) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority.is_none() || authority != header(HOST)
        }
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |&(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), value.parse().unwrap())
        };
        list.iter().map(pair).collect()
    }

    #[test]
    fn what_the_browser_says_of_the_site_counts() {
        for (site, foreign) in
            [("same-origin", false), ("none", false), ("same-site", true), ("cross-site", true)]
        {
            // A proxy may have changed the host: the browser knows better.
            let said = headers(&[("sec-fetch-site", site), ("origin", "http://a"), ("host", "b")]);
            assert_eq!(is_foreign(&said), foreign, "{site}");
        }
    }

    #[test]
    fn an_older_browser_is_judged_by_the_origin() {
        for (origin, foreign) in [
            ("http://digester:8080", false),
            ("https://digester:8080", false),
            ("http://digester", true),
            ("http://evil.example", true),
            ("null", true),
        ] {
            let said = headers(&[("origin", origin), ("host", "digester:8080")]);
            assert_eq!(is_foreign(&said), foreign, "{origin}");
        }
    }

    #[test]
    fn who_is_no_browser_is_not_asked() {
        assert!(!is_foreign(&headers(&[("host", "digester:8080")])));
    }
}
