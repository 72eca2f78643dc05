//! Writes every sample of every page to a folder, to look at in a browser:
//! `cargo run -p web --example pages -- DIR`.

use std::{fs, path::PathBuf};

use web::{page, words::Language};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder")?);
    fs::create_dir_all(&folder)?;
    for language in Language::ALL {
        for (name, html) in page::render_samples(language) {
            let html = html?.replace("href=\"/static/schakel-", "href=\"schakel-");
            fs::write(
                folder.join(format!("{name}.{}.html", language.code())),
                html,
            )?;
        }
    }
    fs::write(folder.join(web::stylesheet_file()), page::STYLESHEET)?;
    Ok(())
}
