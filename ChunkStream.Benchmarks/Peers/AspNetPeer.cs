using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ChunkStream.Benchmarks.Peers;

/// <summary>
/// What a .NET team would write without ChunkStream: minimal APIs that return rows, as dictionaries, as Dapper's
/// records, or as Postgres's own JSON. Npgsql and Kestrel have their default settings.
/// </summary>
internal static class AspNetPeer
{
    public const string DictionaryRoute = "/dictionary";
    public const string DapperRoute = "/dapper";
    public const string RowToJsonRoute = "/row-to-json";

    private const string Query = "select * from large_table";
    private const string JsonQuery = "select row_to_json(t)::text from large_table t";
    private const int FlushBytes = 32 * 1024;

    /// <summary>Serves until the token is cancelled.</summary>
    public static async Task<int> RunAsync(int port, string connectionString, CancellationToken cancellation)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port));
        await using var app = builder.Build();

        app.MapGet(DictionaryRoute, (CancellationToken left) => DictionariesAsync(database, left));
        app.MapGet(DapperRoute, (CancellationToken left) => RecordsAsync(database, left));
        app.MapGet(RowToJsonRoute, (HttpContext http) => WriteJsonAsync(database, http));

        await app.StartAsync(cancellation);
        await app.WaitForShutdownAsync(cancellation);
        return 0;
    }

    private static async IAsyncEnumerable<Dictionary<string, object?>> DictionariesAsync(
        NpgsqlDataSource database, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(Query);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var row = new Dictionary<string, object?>(reader.FieldCount);
            for (var column = 0; column < reader.FieldCount; column++)
                row[reader.GetName(column)] = reader.IsDBNull(column) ? null : reader.GetValue(column);
            yield return row;
        }
    }

    private static async IAsyncEnumerable<LargeTableRow> RecordsAsync(
        NpgsqlDataSource database, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await foreach (var row in connection.QueryUnbufferedAsync<LargeTableRow>(Query)
            .WithCancellation(cancellation))
        {
            yield return row;
        }
    }

    private static async Task WriteJsonAsync(NpgsqlDataSource database, HttpContext http)
    {
        http.Response.ContentType = "application/x-ndjson";
        var body = http.Response.BodyWriter;
        await using var command = database.CreateCommand(JsonQuery);
        await using var reader = await command.ExecuteReaderAsync(http.RequestAborted);
        while (await reader.ReadAsync(http.RequestAborted))
        {
            Encoding.UTF8.GetBytes(reader.GetString(0), body);
            body.Write("\n"u8);
            if (body.UnflushedBytes >= FlushBytes)
                await body.FlushAsync(http.RequestAborted);
        }
    }
}
