using ChunkStream.DurableStreams.Schema;
using ChunkStream.LocalHost.Embedded;
using ChunkStream.LocalHost.Functions;
using ChunkStream.LocalHost.Web;
using ChunkStream.Postgres.Connections;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream.LocalHost;

/// <summary>
/// One run of the local host: it checks the configuration, starts what was asked for, waits for the signal to end, and
/// stops everything in reverse order.
/// </summary>
internal static class LocalHostRun
{
    private const int Failed = 1;

    // 128 + SIGINT: the exit code that shells use for an interrupted program.
    private const int Interrupted = 130;

    /// <summary>Runs until the token is cancelled, and returns the process's exit code.</summary>
    /// <param name="app">The app to serve.</param>
    /// <param name="settings">What to run.</param>
    /// <param name="cancellation">Ends the run.</param>
    public static async Task<int> RunAsync(LocalApp app, RunSettings settings, CancellationToken cancellation)
    {
        try
        {
            return await RunCheckedAsync(app, settings, cancellation);
        }
        catch (Exception e) when (cancellation.IsCancellationRequested)
        {
            if (e is not OperationCanceledException)
                await Console.Error.WriteLineAsync(e.Message);
            Console.Out.WriteLine("Stopped before it was ready.");
            return Interrupted;
        }
        catch (Exception e) when (IsExpected(e))
        {
            await Console.Error.WriteLineAsync(e.Message);
            return Failed;
        }
    }

    private static async Task<int> RunCheckedAsync(LocalApp app, RunSettings settings, CancellationToken cancellation)
    {
        if (settings.Mode == RunMode.PrintSchema)
        {
            await Console.Out.WriteAsync(DurableStreamSchema.Script.AsMemory(), cancellation);
            return 0;
        }

        var builder = ApiHost.CreateBuilder();
        if (settings.Mode == RunMode.Health)
        {
            return await HealthProbe.RunAsync(
                LocalHostOptions.Read(builder.Configuration).Address, settings.Port, cancellation);
        }

        var database = ExistingDatabase(settings, builder.Configuration);
        builder.Configuration["ConnectionStrings:Postgres"] = database ?? "Host=127.0.0.1";
        var mistakes = ConfigurationCheck.Mistakes(builder.Configuration);
        if (mistakes.Count > 0)
            throw new StartupFailure(string.Join('\n', mistakes));

        var options = LocalHostOptions.Read(builder.Configuration);
        var tools = settings.Mode == RunMode.Functions ? CoreTools.Find() : null;
        RequireFreePort(settings, options);

        await using var services = new LocalServices();
        var embedded = database is null
            ? await services.StartPostgresAsync(options, app.Data, settings.Rows, cancellation)
            : null;
        var connectionString = database ?? embedded!.ConnectionString;
        builder.Configuration["ConnectionStrings:Postgres"] = connectionString;
        if (settings.Mode != RunMode.Web)
            await services.StartAzuriteAsync(options, cancellation);

        return settings.Mode switch
        {
            RunMode.Services => await WaitWithServicesAsync(embedded?.ShownConnectionString, cancellation),
            RunMode.Functions => await tools!.RunAsync(
                app,
                settings.Port,
                connectionString,
                builder.Configuration[LocalResumeKey.Setting] ?? LocalResumeKey.Of(options),
                cancellation),
            _ => await ApiHost.RunAsync(app, builder, options, settings.Port, cancellation),
        };
    }

    // This comes before Postgres is installed and filled, because that takes minutes the first time.
    private static void RequireFreePort(RunSettings settings, LocalHostOptions options)
    {
        if (settings.Mode != RunMode.Services
            && ListenAddress.TryParse(options.Address, out var address)
            && address.IsTaken(settings.Port))
        {
            throw new StartupFailure(
                $"Port {settings.Port} is in use by another program. --port chooses another port.");
        }
    }

    private static string? ExistingDatabase(RunSettings settings, IConfiguration configuration)
    {
        var configured = configuration.GetConnectionString("Postgres");
        var database = settings.Database ?? (string.IsNullOrWhiteSpace(configured) ? null : configured);
        if (database is null)
            return null;

        var source = settings.Database is not null ? "--database" : "ConnectionStrings:Postgres";
        if (settings.Rows is not null)
        {
            throw new StartupFailure(
                $"--rows makes sample data in the embedded Postgres, which {source} replaces. Leave one of them out.");
        }

        try
        {
            // The parser's messages name the wrong keyword but show no values, so no password gets onto the console.
            var name = ConnectionString.Read(database);
            Console.Out.WriteLine(
                $"Using the database {name.Database ?? name.Username ?? "of the default user"} on {name.Host}, "
                + $"from {source}.");
            return database;
        }
        catch (ConnectionStringException e)
        {
            throw new StartupFailure($"{source}: {e.Message}", e);
        }
    }

    private static async Task<int> WaitWithServicesAsync(string? embedded, CancellationToken cancellation)
    {
        Console.Out.WriteLine();
        if (embedded is not null)
        {
            Console.Out.WriteLine($"ConnectionStrings__Postgres={embedded}");
            Console.Out.WriteLine(ProjectFolder.Find() is { } project
                ? LocalSettings.Prepare(project, embedded)
                : ProjectFolder.NotFound);
        }

        Console.Out.WriteLine($"AzureWebJobsStorage={Azurite.ConnectionString}");
        Console.Out.WriteLine("ChunkStream services are ready. Ctrl+C stops them.");
        await WaitForSignalAsync(cancellation);
        return 0;
    }

    /// <summary>Returns, without throwing, when the token is cancelled.</summary>
    public static async Task WaitForSignalAsync(CancellationToken cancellation)
    {
        await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Console.Out.WriteLine("Stopping…");
    }

    private static bool IsExpected(Exception e) => e
        is StartupFailure
        or OptionsValidationException
        or NpgsqlException
        or IOException
        or UnauthorizedAccessException;
}
