using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Rows;

namespace Npgsql;

/// <summary>Prepares data sources of an app's own for streams.</summary>
public static class NpgsqlChunkStreamExtensions
{
    // The receive buffer of a connection. Npgsql's default of 8 KiB costs a system call every few dozen rows.
    private const int ReadBufferBytes = 64 * 1024;

    /// <summary>
    /// Gives the data source the settings that streams need, whatever its connection string says, so that
    /// <c>StreamResults.Rows</c> can read from it. Password providers, TLS callbacks and all else stay as they are.
    /// </summary>
    /// <remarks>
    /// Some of these settings change what other users of the data source see: the database's own types (enums,
    /// composites) are not loaded, commands have no time limit, and transactions of <c>System.Transactions</c> are not
    /// joined. An app that needs them has a second data source for its streams. A setting that is not forced, such as
    /// the size of the pool, is taken as it is. The spans of a stream's batches are named after the stream, without SQL
    /// text: filter, name and enrichment of the batches' tracing are set for that. Call <c>ConfigureTracing</c> after
    /// this to have it otherwise.
    /// </remarks>
    /// <param name="builder">The data source's builder. Call this after its connection string is complete.</param>
    /// <returns>The same builder.</returns>
    public static NpgsqlDataSourceBuilder UseChunkStream(this NpgsqlDataSourceBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var settings = builder.ConnectionStringBuilder;
        ConnectionSettings.Force(settings);
        if (!ConnectionSettings.IsGiven(settings, "Read Buffer Size"))
            settings.ReadBufferSize = ReadBufferBytes;

        builder.ConfigureTracing(QueryTracing.Configure);

        // Npgsql's interface for types is not final: its version is bounded, and every test of values goes through it.
#pragma warning disable NPG9001
        RawRow.Enable(builder);
#pragma warning restore NPG9001
        return builder;
    }
}
