//! Looks at instructions without accepting them.

use schema::{NewInstruction, Preview, PreviewRequest};

use crate::{
    app::App,
    error::{ApiError, Doing as _},
    forward, store,
};

/// How many instructions are looked at at once.
pub(crate) const AT_ONCE: usize = 16;

impl App {
    /// What would become of an instruction if it were accepted now. It is refused for whatever it
    /// would be refused for, and nothing is created.
    pub(crate) async fn preview(&self, new: NewInstruction) -> Result<Preview, ApiError> {
        let _room = self.previews.try_acquire().map_err(|_| ApiError::TooManyPreviews)?;
        self.check(&new).await?;
        let taken = store::instruction::taken(&self.db, &new).await;
        if let Some(key) = taken.doing("look up the instruction")? {
            return Err(ApiError::KeyTaken { key });
        }
        let request = PreviewRequest { kind: new.kind, instruction: new.body };
        forward::preview(self, &request).await
    }
}
