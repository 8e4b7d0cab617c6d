using ChunkStream.Postgres.Failures;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// The database of declared queries and durable streams: that of the connection string
/// <c>ConnectionStrings:Postgres</c>, or the one that the app's own builder of data sources leads to.
/// </summary>
internal sealed class ConfiguredConnection
{
    private readonly Func<string?> _text;
    private readonly Func<NpgsqlDataSourceBuilder>? _own;
    private readonly IPasswordSource? _passwords;

    private ConfiguredConnection(
        Func<string?> text, Func<NpgsqlDataSourceBuilder>? own, IPasswordSource? passwords = null)
        => (_text, _own, _passwords) = (text, own, passwords);

    /// <summary>
    /// The connection string as it stands in the settings; null or empty where there is none, or none is needed.
    /// </summary>
    public string? Text => _text();

    // A configuration that is read anew when it changes may hold another password by now.
    private string? Password => Text is { Length: > 0 } text ? ConnectionString.Read(text).Password : null;

    /// <summary>The database of a connection string that never changes.</summary>
    public static ConfiguredConnection Create(string? text) => new(() => text, own: null);

    /// <summary>The database of the app's settings.</summary>
    /// <param name="configuration">Has the connection string.</param>
    /// <param name="passwords">Gives the passwords; null where the connection string or a pass file has one.</param>
    public static ConfiguredConnection Create(IConfiguration configuration, IPasswordSource? passwords = null)
        => new(() => configuration.GetConnectionString("Postgres"), own: null, passwords);

    /// <summary>The database of a builder of the app's own.</summary>
    /// <param name="create">
    /// Makes a new builder at each call, because each of our pools is built from one of its own.
    /// </param>
    public static ConfiguredConnection Create(Func<NpgsqlDataSourceBuilder> create) => new(() => null, create);

    /// <summary>
    /// A new builder for a pool, with the settings that have only one right value; null where there is no database.
    /// </summary>
    /// <param name="loggers">Make the loggers of Npgsql. A builder of the app's own keeps those that it has.</param>
    /// <exception cref="ConnectionStringException">The connection string can't be read.</exception>
    public NpgsqlDataSourceBuilder? CreateBuilder(ILoggerFactory loggers)
    {
        if (_own is not null)
        {
            var own = _own();
            ConnectionSettings.Force(own.ConnectionStringBuilder);
            return own;
        }

        if (string.IsNullOrWhiteSpace(Text))
            return null;

        var builder = new NpgsqlDataSourceBuilder(ConnectionString.Read(Text).ConnectionString);
        builder.UseLoggerFactory(loggers);

        // If no password is given, Npgsql looks for one in the pass file, at each new connection. So no provider is set
        // then.
        if (_passwords is { } passwords)
        {
            builder.UsePasswordProvider(
                _ => Explained(passwords), (_, cancellation) => ExplainedAsync(passwords, cancellation));
        }
        else if (builder.ConnectionStringBuilder.Password is not null)
        {
            builder.ConnectionStringBuilder.Password = null;
            builder.UsePasswordProvider(_ => Password!, (_, _) => ValueTask.FromResult(Password!));
        }

        return builder;
    }

    private static string Explained(IPasswordSource passwords)
    {
        try
        {
            return passwords.Password();
        }
        catch (Exception failure)
        {
            throw new PasswordException(failure);
        }
    }

    private static async ValueTask<string> ExplainedAsync(IPasswordSource passwords, CancellationToken cancellation)
    {
        try
        {
            return await passwords.PasswordAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            throw new PasswordException(failure);
        }
    }
}
