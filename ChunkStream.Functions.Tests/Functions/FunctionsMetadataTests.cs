using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.FunctionsHost;
using ChunkStream.LocalHost;

namespace ChunkStream.Functions.Tests.Functions;

/// <summary>
/// The platform hears of the functions twice: from the worker, for routing, and from the file functions.metadata, when
/// no worker runs. Both name the endpoints of the table and the timer, and nothing else.
/// </summary>
[Collection(RunningFunctionApp.Collection)]
public sealed class FunctionsMetadataTests(RunningFunctionApp running)
{
    [Fact]
    public void The_worker_names_each_endpoint_of_the_table_and_the_timer()
        => Assert.Equal(Expected(), Described(running.App.Functions));

    [Fact]
    public void The_file_names_each_endpoint_of_the_table_and_the_timer()
        => Assert.Equal(Expected(), Described(HostedFunction.ReadFile(RunningFunctionApp.Folder)));

    private static IEnumerable<string> Expected()
        => LocalApp.Create().Endpoints().All
            .Select(endpoint => $"{endpoint.Name}: {string.Join('|', endpoint.Methods.Order())} {endpoint.Route} "
                + $"({endpoint.Access})")
            .Append("sweep-streams: every minute")
            .Order();

    private static IEnumerable<string> Described(IEnumerable<HostedFunction> functions)
        => functions
            .Select(function => $"{function.Name}: " + (function.IsHttp
                ? $"{string.Join('|', function.Methods.Order())} {function.Route} ({function.Trigger["authLevel"]})"
                : (string?)function.Trigger["schedule"] == "0 * * * * *"
                    ? "every minute"
                    : function.Trigger.ToJsonString()))
            .Order();
}
