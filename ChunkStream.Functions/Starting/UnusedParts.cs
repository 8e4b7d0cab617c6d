using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Starting;

/// <summary>
/// Leaves out of the start what the platform brings and this app has no use for, because a new instance is started for
/// a request that waits.
/// </summary>
internal static class UnusedParts
{
    private const string Watching = "DOTNET_hostBuilder__reloadConfigOnChange";

    /// <summary>
    /// Has the app's builder not watch the files of settings, unless it was told to, which takes a thread: nothing
    /// changes the files of a deployed app, and its settings are environment variables. The builder reads this before
    /// anything that could be given to it otherwise.
    /// </summary>
    public static void WatchNoFiles()
    {
        if (Environment.GetEnvironmentVariable(Watching) is null)
            Environment.SetEnvironmentVariable(Watching, "false");
    }

    /// <summary>Removes services that <c>ConfigureFunctionsWebApplication()</c> has added.</summary>
    /// <remarks>
    /// It adds all of MVC, of which Azure's worker uses the results. A service that a later version calls otherwise
    /// stays, and costs its time.
    /// </remarks>
    public static void Remove(IServiceCollection services)
    {
        for (var at = services.Count - 1; at >= 0; at--)
        {
            if (!services[at].IsKeyedService && IsUnused(services[at]))
                services.RemoveAt(at);
        }
    }

    private static bool IsUnused(ServiceDescriptor service)
        => (service.ServiceType == typeof(MatcherPolicy) && IsOf(service, "Microsoft.AspNetCore.Mvc."))
            || service.ImplementationType?.FullName
                is "Microsoft.AspNetCore.DataProtection.Internal.DataProtectionHostedService";

    // Among endpoints, these choose controllers and pages.
    private static bool IsOf(ServiceDescriptor service, string space)
        => service.ImplementationType?.FullName?.StartsWith(space, StringComparison.Ordinal) is true;
}
