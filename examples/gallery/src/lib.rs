//! Call another component as if it were a library: the workflow imports the interface of the
//! thumbnails, asks for all of them at once, and lays what comes on one sheet.
//!
//! Each call of `resize` becomes an invocation of the component that is bound to the interface.
//! Which one that is, and on which queue, is decided when this component is uploaded.

mod sheet;

/// The thumbnails' own interface, from `wit/`.
#[allow(missing_docs, clippy::all, reason = "wit-bindgen wrote it")]
mod imports {
    windlass_guest::import!({ interface: "demo:thumbnails/tasks@0.1.0", async: true });
}

/// Pictures of pictures.
#[windlass_guest::tasks(package = "demo:gallery@0.1.0", interface = "tasks")]
pub mod tasks {
    use futures_util::future::join_all;

    use crate::imports::demo::thumbnails::tasks::{Format, resize};
    use crate::sheet;

    /// Pictures on one sheet at most, and columns.
    const PICTURES_MAX: usize = 1000;
    const COLUMNS_MAX: u32 = 100;

    /// Why there is no sheet.
    #[derive(PartialEq)]
    pub enum Problem {
        /// No picture was given.
        NoPictures,
        /// More than 1000 pictures were given: how many.
        TooManyPictures(u32),
        /// There are to be between 1 and 100 columns: how many were asked for.
        ColumnsOutOfRange(u32),
        /// A picture, counted from 0, has no thumbnail, and why.
        Picture((u32, String)),
    }

    /// Makes one PNG on which all pictures are seen small, row by row.
    #[workflow]
    pub async fn contact_sheet(images: Vec<Vec<u8>>, columns: u32) -> Result<Vec<u8>, Problem> {
        match images.len() {
            0 => return Err(Problem::NoPictures),
            count if count > PICTURES_MAX => return Err(Problem::TooManyPictures(count as u32)),
            _ if !(1..=COLUMNS_MAX).contains(&columns) => {
                return Err(Problem::ColumnsOutOfRange(columns));
            }
            _ => {}
        }

        let calls = images
            .into_iter()
            .map(|image| resize(image, vec![sheet::CELL], Some(Format::Png)));
        let answers = join_all(calls).await;

        let mut pictures = Vec::new();
        for (index, answer) in (0..).zip(answers) {
            let made = answer.map_err(|problem| Problem::Picture((index, problem.to_string())))?;
            let picture = made
                .first()
                .and_then(|thumbnail| sheet::decode(&thumbnail.image));
            let missing = || Problem::Picture((index, "there is no thumbnail".to_owned()));
            pictures.push(picture.ok_or_else(missing)?);
        }
        Ok(sheet::of(&pictures, columns))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::tasks::{Problem, contact_sheet};

    fn sheet(images: Vec<Vec<u8>>, columns: u32) -> Result<Vec<u8>, Problem> {
        let work = pin!(contact_sheet(images, columns));
        match work.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("there is nobody to wait for"),
        }
    }

    #[test]
    fn a_sheet_of_nothing_is_refused() {
        assert_eq!(sheet(vec![], 3), Err(Problem::NoPictures));
    }

    #[test]
    fn too_many_pictures_or_columns_are_refused_before_any_call() {
        assert_eq!(
            sheet(vec![vec![]; 1001], 3),
            Err(Problem::TooManyPictures(1001))
        );
        assert_eq!(sheet(vec![vec![]], 0), Err(Problem::ColumnsOutOfRange(0)));
        assert_eq!(
            sheet(vec![vec![]], 101),
            Err(Problem::ColumnsOutOfRange(101))
        );
    }
}
