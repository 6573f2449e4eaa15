"""The command ``schattor prove``: derivations and certificates, one after the other, each within its time."""
