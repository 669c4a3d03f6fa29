//! What every operation of an API has in common.

use schema::Problem;
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};

/// Says of every operation that whatever else it answers is a problem (RFC 9457): a request that
/// cannot be read, that nobody may make, or that comes at a bad moment.
#[must_use]
pub fn with_problems(mut api: OpenApi) -> OpenApi {
    let operations = api.paths.paths.values_mut().flat_map(|path| {
        [&mut path.get, &mut path.put, &mut path.post, &mut path.patch, &mut path.delete]
    });
    for operation in operations.flatten() {
        let answers = &mut operation.responses.responses;
        answers.insert("default".to_owned(), RefOr::T(any_problem()));
    }
    api
}

fn any_problem() -> Response {
    let problem = Ref::from_schema_name("Problem");
    ResponseBuilder::new()
        .description(
            "whatever else is wrong: the request cannot be read, or not now, or not by you",
        )
        .content(Problem::MEDIA_TYPE, ContentBuilder::new().schema(Some(problem)).build())
        .build()
}
