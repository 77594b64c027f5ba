//! `nuncio client`: a scriptable client, thin over the SDK's own.
