using ChunkStream.Configuration;
using Microsoft.Extensions.Options;

namespace ChunkStream.LocalHost;

/// <summary>
/// Checks the whole configuration, the engine's and the local host's, before anything starts: nobody should wait until
/// a million rows are loaded to learn of a typing mistake.
/// </summary>
internal static class ConfigurationCheck
{
    /// <summary>Returns all mistakes, a line each; an empty list where there are none.</summary>
    public static IReadOnlyList<string> Mistakes(IConfiguration configuration)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(configuration);
        services.AddChunkStreamApp();
        services.AddLocalHostOptions();
        using var provider = services.BuildServiceProvider();
        try
        {
            provider.GetRequiredService<IStartupValidator>().Validate();
            return [];
        }
        catch (OptionsValidationException e)
        {
            return [.. e.Failures];
        }
        catch (AggregateException e)
        {
            return
            [
                .. e.Flatten().InnerExceptions.SelectMany(
                    inner => inner is OptionsValidationException invalid ? invalid.Failures : [inner.Message]),
            ];
        }
    }

    /// <summary>Adds <see cref="LocalHostOptions"/>, checked at start.</summary>
    public static void AddLocalHostOptions(this IServiceCollection services)
    {
        services.AddSingleton<IValidateOptions<LocalHostOptions>, LocalHostOptionsValidator>();
        services.AddCheckedSettings<LocalHostOptions, LocalHostOptionsAttributes>(LocalHostOptions.Section);
    }
}
