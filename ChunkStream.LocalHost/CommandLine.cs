using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;

namespace ChunkStream.LocalHost;

/// <summary>What to run.</summary>
internal enum RunMode
{
    /// <summary>The endpoints on Kestrel.</summary>
    Web,

    /// <summary>Only what the function app needs beside it.</summary>
    Services,

    /// <summary>The same, and the function app under Core Tools.</summary>
    Functions,

    /// <summary>Nothing: the script of the durable streams' tables is printed.</summary>
    PrintSchema,
}

/// <summary>The command line, read and checked.</summary>
/// <param name="Mode">What to run.</param>
/// <param name="Port">The port of the web host or the function app.</param>
/// <param name="Rows">Rows of the sample data; null where no number was asked for.</param>
/// <param name="Database">An existing database; null for the embedded one.</param>
internal sealed record RunSettings(RunMode Mode, int Port, long? Rows, string? Database);

/// <summary>The command line's options and help.</summary>
internal static class CommandLine
{
    /// <summary>The port of the Functions host, so that clients need not know which of the two runs.</summary>
    public const int DefaultPort = 7071;

    /// <summary>Reads the arguments and calls <paramref name="run"/>, or says what is wrong with them; gives the exit code.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="data">The sample data, which brings the option <c>--rows</c>; null for none.</param>
    /// <param name="run">Runs what was asked for.</param>
    /// <param name="invocation">Where messages go.</param>
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
            Description = "Start only Postgres and Azurite, for `func start` in ChunkStream.Functions.",
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
            Description = $"Rows of the table {data.Table}, 0–{data.MostRows}. Another number than last time makes it anew.",
            HelpName = "N",
            DefaultValueFactory = _ => data.DefaultRows,
            CustomParser = argument => NumberOf(argument, "--rows", 0, data.MostRows),
        };
        var database = new Option<string>("--database")
        {
            Description = "Npgsql connection string of an existing database, instead of the embedded Postgres. It gets no "
                + "sample data; the durable streams' tables are made in it when one is first used. "
                + "ConnectionStrings__Postgres in the environment does the same.",
            HelpName = "connection string",
        };

        var printSchema = new Option<bool>("--print-schema")
        {
            Description = "Print the SQL script of the durable streams' tables, for a database in which the app may not create "
                + "them itself; start nothing.",
        };

        var root = new RootCommand(
            "Serves the ChunkStream endpoints at http://localhost:7071/api, with an embedded Postgres. "
            + "The first run gets Postgres from npm; Ctrl+C stops everything that was started.")
        {
            services, functions, port, database, printSchema,
        };
        if (rows is not null)
            root.Options.Add(rows);
        root.Validators.Add(command =>
        {
            if (command.GetValue(services) && command.GetValue(functions))
                command.AddError("--functions starts the services too: give either --services or --functions.");
            if (command.GetValue(printSchema) && new Option?[] { services, functions, port, rows, database }.Any(option => IsGiven(command, option)))
                command.AddError("--print-schema only prints, so nothing else has a meaning with it.");
            if (command.GetValue(services) && IsGiven(command, port))
                command.AddError("--services serves no endpoints, so --port has no meaning with it.");
            if (IsGiven(command, database) && IsGiven(command, rows))
                command.AddError("--rows makes sample data in the embedded Postgres, which --database replaces.");
        });
        root.SetAction((result, cancellation) => run(
            new RunSettings(
                result.GetValue(printSchema) ? RunMode.PrintSchema
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
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
            return value;

        argument.AddError($"{option} is {text}; it must be a whole number, {least}–{most}.");
        return least;
    }
}
