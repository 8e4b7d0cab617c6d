namespace ChunkStream.Postgres.Failures;

/// <summary>There is no password for a new connection: whatever gives them has failed.</summary>
/// <param name="reason">Its failure.</param>
internal sealed class PasswordException(Exception reason)
    : Exception($"The password of a new connection was not to be had: {reason.Message}", reason);
