namespace ChunkStream.Postgres.Failures;

/// <summary>The rows contradict the declared key: two rows have the same key, or a row has a null in it.</summary>
internal sealed class KeyException(string message) : Exception(message);

/// <summary>
/// The declared key can't be one for this query: it names a column that the result does not have, or one whose type has
/// no order or no text that can be read back.
/// </summary>
internal sealed class UnusableKeyException(string message) : Exception(message);
