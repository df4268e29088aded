//! The part of the corpus' scenarios that no dump shows: what the controller does about them, on a real control plane and with the
//! corpus' own objects. `carriedOut` of a scenario names its test here.

mod kept;
mod learned;
mod persons;
mod released;
mod steps;
mod tenants;
mod world;
