namespace ChunkStream.Postgres.Connections;

/// <summary>
/// Gives the password of each new connection, where it is not in the connection string: such as a token, which is valid
/// for an hour. Connections that are open outlive it.
/// </summary>
internal interface IPasswordSource
{
    /// <summary>A password that is valid now.</summary>
    string Password();

    /// <summary>A password that is valid now.</summary>
    /// <param name="cancellation">Ends the waiting for it.</param>
    ValueTask<string> PasswordAsync(CancellationToken cancellation);
}
