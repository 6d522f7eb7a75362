"""Perceptual hashes as the database keeps them: 64 bits in a signed number."""


def signed_hash(perceptual_hash: int) -> int:
    """Turn 0..2^64-1 into the database's -2^63..2^63-1."""
    return perceptual_hash - 2**64 if perceptual_hash >= 2**63 else perceptual_hash


def hash_distance(first: int, second: int) -> int:
    """Count the bits in which two signed hashes differ: 0 is the same picture, 64 the opposite."""
    return ((first ^ second) & (2**64 - 1)).bit_count()
