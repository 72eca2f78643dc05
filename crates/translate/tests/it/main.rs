//! What the doors rely on: whole messages in, Bundles and acknowledgements out.

#[cfg(test)]
mod admissions;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod medlab;
#[cfg(test)]
mod outside;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod results;
#[cfg(test)]
mod robustness;
