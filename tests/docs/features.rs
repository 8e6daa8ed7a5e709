//! `docs/features.md`.
