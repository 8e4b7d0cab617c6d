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
    private volatile ReadText? _read;

    private ConfiguredConnection(
        Func<string?> text, Func<NpgsqlDataSourceBuilder>? own, IPasswordSource? passwords = null)
        => (_text, _own, _passwords) = (text, own, passwords);

    /// <summary>
    /// The connection string as it stands in the settings; null or empty where there is none, or none is needed.
    /// </summary>
    public string? Text => _text();

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

        if (Read() is not { } read)
            return null;

        var builder = new NpgsqlDataSourceBuilder(read.Settings);
        builder.UseLoggerFactory(loggers);

        // If no password is given, Npgsql looks for one in the pass file, at each new connection. So no provider is set
        // then.
        if (_passwords is { } passwords)
        {
            builder.UsePasswordProvider(
                _ => Explained(passwords), (_, cancellation) => ExplainedAsync(passwords, cancellation));
        }
        else if (read.Password is not null)
        {
            // A configuration that is read anew when it changes may hold another password by then.
            builder.ConnectionStringBuilder.Password = null;
            builder.UsePasswordProvider(_ => Read()?.Password!, (_, _) => ValueTask.FromResult(Read()?.Password!));
        }

        return builder;
    }

    /// <summary>
    /// Reads the text, once for all who ask until it changes; null where there is none. The settings hold the password,
    /// too.
    /// </summary>
    /// <exception cref="ConnectionStringException">The connection string can't be read.</exception>
    public ReadText? Read()
    {
        var text = Text;
        if (string.IsNullOrWhiteSpace(text))
            return null;
        if (_read is { } known && known.Text == text)
            return known;
        var settings = ConnectionString.Read(text);
        return _read = new ReadText(text, settings.ConnectionString, settings.Password);
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

    /// <summary>A connection string that was read. It is no record, whose text would show the password.</summary>
    /// <param name="text">What stands in the configuration.</param>
    /// <param name="settings">The same as Npgsql writes it, with the settings that have only one right value.</param>
    /// <param name="password">The password; null where there is none.</param>
    public sealed class ReadText(string text, string settings, string? password)
    {
        public string Text => text;

        public string Settings => settings;

        public string? Password => password;
    }
}
